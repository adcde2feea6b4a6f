using BenchmarkDotNet.Attributes;
using ResourceService.Server.Grpc;
using ResourceService.V1;

namespace ResourceService.Benchmarks;

/// <summary>
/// What it costs to check every field of a claim and to turn it into the ledger's own types: from the parsed message to the order. Checking alone cannot be
/// switched off, so this is the most that it costs.
/// </summary>
[MemoryDiagnoser]
[ShortRunJob]
public class ClaimValidation
{
    private const string RequestId = "6f1d6a0e-8a4b-4b8e-9d60-3a1c52e0b7a1";

    private static readonly ClaimInstanceRequest _plain = new()
    {
        RequestId = RequestId,
        Instance = new Instance { InstanceId = "3f0c9ad2-1b7e-46a1-8d00-000000000007", ProjectId = "load" },
        Resources = Resources(),
        NodeId = "load-000001",
    };

    private static readonly ClaimInstanceRequest _rich = Rich();

    /// <summary>As the load tool sends it: two classes on a node named.</summary>
    [Benchmark(Baseline = true)]
    public object? Plain() => Read(_plain);

    /// <summary>Four NUMA cells, two devices, traits and limits.</summary>
    [Benchmark]
    public object? WithCellsAndDevices() => Read(_rich);

    private static object? Read(ClaimInstanceRequest request)
    {
        var violations = new FieldViolations();
        var order = ClaimRequests.Read(request, violations);
        violations.RequestId("request_id", request.RequestId);
        violations.ThrowIfAny();
        return order;
    }

    private static ResourceRequest Resources() => new() { Resources = { ["VCPU"] = 16, ["MEMORY_MB"] = 16_384 } };

    private static ClaimInstanceRequest Rich()
    {
        var resources = Resources();
        resources.RequiredTraits.Add("HW_CPU_X86_AVX2");
        resources.ForbiddenTraits.Add("CUSTOM_SLOW");
        resources.Numa = new NumaRequest { CpuPolicy = CpuPolicy.Dedicated };
        for (var cell = 0; cell < 4; cell++)
            resources.Numa.Cells.Add(new NumaCellRequest { DedicatedVcpus = { Enumerable.Range(cell * 4, 4) }, MemoryMb = 4_096 });
        for (var device = 0; device < 2; device++)
        {
            resources.Devices.Add(new DeviceRequest
            {
                Name = $"nic-{device}",
                Count = 1,
                Alternatives = { new DeviceSpec { VendorId = "15b3", ProductId = "1018" } },
            });
        }

        return new ClaimInstanceRequest(_plain) { Resources = resources };
    }
}
