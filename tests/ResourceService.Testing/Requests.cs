using Google.Protobuf.WellKnownTypes;

namespace ResourceService.Testing;

/// <summary>Requests as tests need them: valid, small, with ids of their own. A test changes what it is about.</summary>
public static class Requests
{
    /// <summary>A node with CPUs and plenty of memory.</summary>
    public static RegisterNodeRequest Node(string? nodeId = null, long vcpus = 8, long memoryMb = 1_000_000) => new()
    {
        NodeId = nodeId ?? Unique.Id("node"),
        Inventories = { ["VCPU"] = new Inventory { Total = vcpus }, ["MEMORY_MB"] = new Inventory { Total = memoryMb } },
    };

    /// <summary>What an instance needs: CPUs and memory.</summary>
    public static ResourceRequest Resources(long vcpus = 1, long memoryMb = 512) =>
        new() { Resources = { ["VCPU"] = vcpus, ["MEMORY_MB"] = memoryMb } };

    /// <summary>A claim on a node; without one the service chooses.</summary>
    public static ClaimInstanceRequest Claim(string? nodeId = null, string? instanceId = null, long vcpus = 1, long memoryMb = 512) => new()
    {
        RequestId = Unique.RequestId(),
        Instance = new Instance { InstanceId = instanceId ?? Unique.Id("instance"), ProjectId = "project-1" },
        NodeId = nodeId ?? "",
        Resources = Resources(vcpus, memoryMb),
    };

    /// <summary>A claim on one of the nodes with a label.</summary>
    public static ClaimInstanceRequest ClaimAmong(string zone, long vcpus = 1)
    {
        var request = Claim(vcpus: vcpus);
        request.Filter = InZone(zone);
        return request;
    }

    /// <summary>The nodes with a label that one test gave them.</summary>
    public static NodeFilter InZone(string zone) => new() { Labels = { ["zone"] = zone } };

    /// <summary>A span of seconds.</summary>
    public static Duration Seconds(double seconds) => Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds));
}
