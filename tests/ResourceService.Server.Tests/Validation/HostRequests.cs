using static ResourceService.Server.Tests.Validation.BadFields;

namespace ResourceService.Server.Tests.Validation;

/// <summary>Every rule of the NUMA topology and the devices that RegisterNode takes, broken once.</summary>
internal static class HostRequests
{
    private const string Cell = "numa_topology.cells[0]";

    // Slots beyond 1f, functions beyond 7, and numbers of more or fewer digits than they have.
    private static readonly string[] _impossible =
        ["0000:3b:20.0", "0000:3b:ff.0", "0000:3b:1f.8", "0000:3b:1f.a", "0000:3b:1f.10", "0000:13b:00.0", "000:3b:00.0", "100000000:3b:00.0", "0000:3b:0.0"];

    public static IEnumerable<BadField> Rows => Of(Host, Topology(), Devices());

    private static RegisterNodeRequest Host()
    {
        var request = Requests.Node("node-1");
        request.NumaTopology = new NumaTopology
        {
            Cells =
            {
                new NumaCell { CellId = 0, SharedCpus = { 0 }, DedicatedCpus = { 1 }, MemoryMb = 1024, PagePools = { new PagePool { SizeKb = 4, Total = 8 } } },
                new NumaCell { CellId = 1, SharedCpus = { 2 }, MemoryMb = 1024 },
            },
        };
        request.Devices.Add(new Device { Address = "0000:3b:00.0", VendorId = "8086", ProductId = "158b", Type = DeviceType.Pf });
        request.Devices.Add(
            new Device { Address = "0000:3b:02.0", VendorId = "8086", ProductId = "154c", Type = DeviceType.Vf, ParentAddress = "0000:3b:00.0" });
        return request;
    }

    private static IEnumerable<Break<RegisterNodeRequest>> Topology() =>
    [
        .. OfTopology("numa_topology.cells", "empty", topology => topology.Cells.Clear()),
        .. OfTopology("numa_topology.cells", "with 129 elements", topology =>
        {
            for (var i = 2; i < 129; i++)
                topology.Cells.Add(new NumaCell { CellId = i, MemoryMb = 1 });
        }),
        .. OfTopology("numa_topology.cells", "with a number twice", topology => topology.Cells[1].CellId = 0),
        .. OfTopology("numa_topology.cells", "with a CPU in two cells", topology => topology.Cells[1].SharedCpus[0] = 1),
        .. OfCell("cell_id", "negative", cell => cell.CellId = -1),
        .. OfCell("socket", "negative", cell => cell.Socket = -1),
        .. OfCell("memory_mb", "negative", cell => cell.MemoryMb = -1),
        .. OfCell("memory_mb", "beyond the largest", cell => cell.MemoryMb = 1L << 31),
        .. OfCell("shared_cpus", "with a negative CPU", cell => cell.SharedCpus[0] = -1),
        .. OfCell("shared_cpus", "with CPU 8192", cell => cell.SharedCpus[0] = 8192),
        .. OfCell("shared_cpus", "with a CPU twice", cell => cell.SharedCpus.Add(0)),
        .. OfCell("dedicated_cpus", "with CPU 8192", cell => cell.DedicatedCpus[0] = 8192),
        .. OfCell("dedicated_cpus", "with a CPU twice", cell => cell.DedicatedCpus.Add(1)),
        .. OfCell("thread_siblings[0].cpus", "with CPU 8192", cell => cell.ThreadSiblings.Add(new CpuSet { Cpus = { 8192 } })),
        .. OfCell("thread_siblings", "with 8193 elements", cell => cell.ThreadSiblings.Add(Enumerable.Range(0, 8193).Select(i => new CpuSet { Cpus = { i } }))),
        .. OfCell("thread_siblings", "with a CPU in two cores", cell => cell.ThreadSiblings.Add([new CpuSet { Cpus = { 0, 1 } }, new CpuSet { Cpus = { 1, 2 } }])),
        .. OfCell("thread_siblings[1].cpus", "empty", cell => cell.ThreadSiblings.Add([new CpuSet { Cpus = { 0 } }, new CpuSet()])),
        .. OfCell("thread_siblings[0].cpus", "with a CPU twice", cell => cell.ThreadSiblings.Add(new CpuSet { Cpus = { 0, 1, 0 } })),
        .. OfCell("page_pools[0].size_kb", "of 0", cell => cell.PagePools[0].SizeKb = 0),
        .. OfCell("page_pools[0].total", "negative", cell => cell.PagePools[0].Total = -1),
        .. OfCell("page_pools[0].reserved", "more than the total", cell => cell.PagePools[0].Reserved = 9),
        .. OfCell("page_pools", "with a size twice", cell => cell.PagePools.Add(new PagePool { SizeKb = 4 })),
        .. OfCell("page_pools", "with 17 elements", cell => cell.PagePools.Add(Enumerable.Range(1, 16).Select(i => new PagePool { SizeKb = 1000 + i }))),
    ];

    private static IEnumerable<Break<RegisterNodeRequest>> Devices() =>
    [
        .. OfDevices("devices", "with an address twice", devices => devices[1].Address = devices[0].Address),
        .. OfDevices("devices", "with an address in other letters", devices => devices[1].Address = "00000000:3B:00.0"),
        .. OfDevices("devices[0].address", "of another form", devices => devices[0].Address = "3b:00.0"),
        .. _impossible.SelectMany(address => OfDevices("devices[0].address", $"{address}", devices => devices[0].Address = address)),
        .. _impossible.SelectMany(address => OfDevices("devices[1].parent_address", $"{address}", devices => devices[1].ParentAddress = address)),
        .. OfDevices("devices[0].address", "missing", devices => devices[0].Address = ""),
        .. OfDevices("devices[0].vendor_id", "of three digits", devices => devices[0].VendorId = "808"),
        .. OfDevices("devices[0].product_id", "of other letters", devices => devices[0].ProductId = "15xy"),
        .. OfDevices("devices[0].type", "missing", devices => devices[0].Type = DeviceType.Unspecified),
        .. OfDevices("devices[0].type", "unknown", devices => devices[0].Type = (DeviceType)99),
        .. OfDevices("devices[1].parent_address", "missing for a VF", devices => devices[1].ParentAddress = ""),
        .. OfDevices("devices[1].parent_address", "of another form", devices => devices[1].ParentAddress = "pf0"),
        .. OfDevices("devices[1].parent_address", "its own", devices => devices[1].ParentAddress = devices[1].Address),
        .. OfDevices("devices[0].parent_address", "given for a PF", devices => devices[0].ParentAddress = "0000:3b:02.0"),
        .. OfDevices("devices[0].numa_cell_id", "negative", devices => devices[0].NumaCellId = -1),
        .. OfDevices("devices[0].tags key", "with a space", devices => devices[0].Tags.Add("a b", "")),
        .. OfDevices("devices[0].tags[a]", "of 256 characters", devices => devices[0].Tags.Add("a", new string('a', 256))),
    ];

    private static IEnumerable<Break<RegisterNodeRequest>> OfTopology(string field, string rule, Action<NumaTopology> apply) =>
        One<RegisterNodeRequest>(field, rule, request => apply(request.NumaTopology));

    private static IEnumerable<Break<RegisterNodeRequest>> OfCell(string field, string rule, Action<NumaCell> apply) =>
        One<RegisterNodeRequest>($"{Cell}.{field}", rule, request => apply(request.NumaTopology.Cells[0]));

    private static IEnumerable<Break<RegisterNodeRequest>> OfDevices(string field, string rule, Action<IList<Device>> apply) =>
        One<RegisterNodeRequest>(field, rule, request => apply(request.Devices));
}
