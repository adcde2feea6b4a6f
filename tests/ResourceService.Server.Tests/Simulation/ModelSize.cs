namespace ResourceService.Server.Tests.Simulation;

/// <summary>What an instance takes of its host: vCPUs, of which some may be pinned, and devices.</summary>
internal readonly record struct ModelSize(long Vcpus, int Pinned, int Devices)
{
    public static ModelSize operator +(ModelSize left, ModelSize right) =>
        new(left.Vcpus + right.Vcpus, left.Pinned + right.Pinned, left.Devices + right.Devices);

    public static ModelSize operator -(ModelSize left, ModelSize right) =>
        new(left.Vcpus - right.Vcpus, left.Pinned - right.Pinned, left.Devices - right.Devices);

    /// <summary>Small enough that some fit on a host, and large enough that they get into each other's way.</summary>
    public static ModelSize Any(Random random) => new(random.Next(1, 6), random.Next(2) * random.Next(1, 3), random.Next(4) == 0 ? 1 : 0);

    public ResourceRequest ToRequest()
    {
        var request = Requests.Resources(Vcpus);
        if (Pinned > 0)
        {
            request.Numa = new NumaRequest
            {
                CpuPolicy = CpuPolicy.Dedicated,
                Cells = { new NumaCellRequest { DedicatedVcpus = { Enumerable.Range(0, Pinned) }, MemoryMb = 1 } },
            };
        }

        if (Devices > 0)
            request.Devices.Add(new DeviceRequest { Name = "any", Count = Devices, Alternatives = { new DeviceSpec { VendorId = SimulatedHost.Vendor } } });
        return request;
    }
}

/// <summary>The hosts of the simulation: one NUMA cell with CPUs to pin, devices of one kind, and vCPUs that change with each registration.</summary>
internal static class SimulatedHost
{
    public const string Vendor = "8086";

    public static IReadOnlyList<int> DedicatedCpus { get; } = [.. Enumerable.Range(2, 6)];

    public static IReadOnlyList<string> Devices { get; } = ["0000:3b:00.0", "0000:3b:00.1", "0000:5e:00.0"];

    public static RegisterNodeRequest Registration(string node, long vcpus)
    {
        var request = Requests.Node(node, vcpus);
        request.RequestId = Unique.RequestId();
        request.NumaTopology = new NumaTopology
        {
            Cells = { new NumaCell { CellId = 0, SharedCpus = { 0, 1 }, DedicatedCpus = { DedicatedCpus }, MemoryMb = 1_000_000 } },
        };
        request.Devices.Add(Devices.Select(address => new Device { Address = address, VendorId = Vendor, ProductId = "158b", Type = DeviceType.Pci }));
        return request;
    }
}
