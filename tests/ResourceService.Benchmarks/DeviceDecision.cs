using BenchmarkDotNet.Attributes;
using ResourceService.Ledger;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Benchmarks;

/// <summary>
/// What it costs to decide about devices on a host of 8 cells, half of whose devices are taken. On every 16 devices there are a network function, its
/// 14 children and a GPU.
/// </summary>
[MemoryDiagnoser]
[ShortRunJob]
public class DeviceDecision
{
    private const int CellCount = 8;

    private static readonly int[] _hostCells = [3];
    private static readonly DeviceRequest _child = Request("child", "154c", DeviceType.VirtualFunction, 1);
    private static readonly DeviceRequest _gpu = Request("gpu", "20b5", DeviceType.Pci, 1);

    private static readonly ValueList<DeviceRequest> _one = [_child];
    private static readonly ValueList<DeviceRequest> _two = [_gpu, _child];
    private static readonly ValueList<DeviceRequest> _tooMany = [_gpu with { Count = 255 }];

    private NodeSpec _node = null!;
    private DeviceUsage _usage = null!;
    private ValueList<AssignedDevice> _given = null!;
    private readonly int[] _counts = new int[CellCount];

    /// <summary>Devices of the host.</summary>
    [Params(64, 4_096)]
    public int Devices { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var cells = Enumerable.Range(0, CellCount).Select(id => new NumaCell(id, id / 4, CpuSet.Empty, CpuSet.Empty, [], 0, []));
        _node = Sample.Spec() with
        {
            Numa = new NumaTopology(ValueList.From(cells)),
            Devices = ValueList.From(Enumerable.Range(0, Devices).Select(DeviceAt)),
        };
        var owned = _node.Devices.Where((device, i) => i % 2 == 0 && device.Type != DeviceType.PhysicalFunction);
        _usage = DeviceUsage.None(_node.Devices).With(
            ValueList.From(owned.Select(device => new AssignedDevice("any", device.Address) { ParentAddress = device.ParentAddress })), 1);
        if (!DeviceFit.TryAssign(_node, _usage, _two, _hostCells, out _given) || DeviceFit.Supports(_node, _usage, _tooMany, _hostCells))
            throw new InvalidOperationException("The host is not as meant.");
    }

    [Benchmark(Baseline = true)]
    public bool OneRequestTested() => DeviceFit.Supports(_node, _usage, _one, _hostCells);

    [Benchmark]
    public bool OneRequestRefused() => DeviceFit.Supports(_node, _usage, _tooMany, _hostCells);

    [Benchmark]
    public bool OneRequestAssigned() => DeviceFit.TryAssign(_node, _usage, _one, _hostCells, out _);

    [Benchmark]
    public bool TwoRequestsTested() => DeviceFit.Supports(_node, _usage, _two, _hostCells);

    [Benchmark]
    public bool TwoRequestsAssigned() => DeviceFit.TryAssign(_node, _usage, _two, _hostCells, out _);

    [Benchmark]
    public int FreeCountedByCell()
    {
        DeviceFit.CountFreeByCell(_node, _usage, _counts);
        return _counts[0];
    }

    [Benchmark]
    public DeviceUsage GivenAndTakenBack() => _usage.With(_given, 2).Without(_given, 2);

    [Benchmark]
    public DeviceUsage ReportTakenIn() => DeviceUsage.None(_node.Devices);

    private static DeviceRequest Request(string name, string product, DeviceType type, int count) =>
        new(name, count, [new DeviceDescription("8086", product, type, [])], DeviceNumaPolicy.Required);

    private static Device DeviceAt(int i)
    {
        var (card, slot) = (i / 16, i % 16);
        var function = $"{card / 256:x4}:{card % 256:x2}:00.0";
        var cell = card % CellCount;
        return slot switch
        {
            0 => new Device(function, "8086", "1583", DeviceType.PhysicalFunction, null, cell, []),
            15 => new Device($"{card / 256:x4}:{card % 256:x2}:1f.0", "8086", "20b5", DeviceType.Pci, null, cell, []),
            _ => new Device($"{card / 256:x4}:{card % 256:x2}:02.{slot:x}", "8086", "154c", DeviceType.VirtualFunction, function, cell, []),
        };
    }
}
