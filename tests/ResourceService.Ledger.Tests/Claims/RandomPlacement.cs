using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Ledger.Tests.Devices;
using ResourceService.Ledger.Tests.Numa;

namespace ResourceService.Ledger.Tests.Claims;

/// <summary>
/// A small host, partly used, and a request for cells and devices of about its size. The cells have few CPUs and the devices are of few kinds: what one
/// cell lacks another has.
/// </summary>
internal sealed class RandomPlacement
{
    private readonly Random _random;
    private readonly ValueList<AssignedDevice> _owned;
    private readonly int[] _freeDevices;
    private readonly Dictionary<string, bool> _known = new(StringComparer.Ordinal);

    public RandomPlacement(int seed)
    {
        _random = new Random(seed);
        var cellCount = _random.Next(2, 8);
        var devices = new RandomDevices(seed, cellCount);
        var knowsSockets = Chance(80);
        var topology = new NumaTopology(ValueList.From(Enumerable.Range(0, cellCount).Select(id =>
            NumaSample.Cell(id, id * 4, 2, 2, Chance(50) ? 4_096 : 1_024) with { Socket = knowsSockets || Chance(80) ? id / 2 : null })));
        var spec = Sample.Spec() with { Numa = topology, Devices = devices.Cards(6) };
        var usage = DeviceUsage.None(spec.Devices);
        var owned = new List<AssignedDevice>();
        for (var place = 0; place < spec.Devices.Count; place++)
        {
            if (!Chance(15) || usage.StatusOf(place) != DeviceStatus.Free)
                continue;
            owned.Add(new AssignedDevice("any", spec.Devices[place].Address) { ParentAddress = spec.Devices[place].ParentAddress });
            usage = usage.With([owned[^1]], owned.Count);
        }

        _owned = ValueList.From(owned);
        _freeDevices = new int[spec.Devices.Count == 0 ? 0 : cellCount];
        DeviceFit.CountFreeByCell(spec, usage, _freeDevices);
        var cells = topology.Cells.Aggregate(NumaUsage.None(topology), (sum, cell) => sum.Use(
            topology, cell.CellId, cell.DedicatedCpus.Where(_ => Chance(20)).ToArray()));
        var asked = Enumerable.Range(0, _random.Next(1, Math.Min(cellCount, 4) + 1)).Select(_ => Chance(70)
            ? NumaSample.Asked(dedicated: 1)
            : NumaSample.Asked(dedicated: _random.Next(1, 4), memoryMb: Chance(70) ? 256 : 2_048));
        Request = Sample.Request(ResourceAmounts.Empty) with
        {
            Numa = NumaSample.Pinned([.. asked]) with { PackCells = Chance(30), EmulatorThreads = (EmulatorThreadsPolicy)_random.Next(0, 3) },
            Devices = devices.Requests(),
        };
        Node = NodeView.Unregistered(1, spec.Id) with { Spec = spec, State = NodeState.Enabled, NumaUsage = cells, DeviceUsage = usage };
    }

    public NodeView Node { get; }

    public ResourceRequest Request { get; }

    public NumaProblem Problem(CellVeto? accepts) =>
        new(Node.Spec.Numa!, Node.NumaUsage, Request.Numa!) { FreeDevices = _freeDevices, Accepts = accepts };

    public DeviceReference Reference(int[] hostCells) => new(Node.Spec, _owned, hostCells);

    /// <summary>Whether the devices can be had near these cells, in Nova's order or in any.</summary>
    public bool DevicesWillDo(ReadOnlySpan<int> hostCells)
    {
        // It follows from the set, and the permutations of one come again and again.
        var set = string.Join(',', hostCells.ToArray().Order());
        if (!_known.TryGetValue(set, out var willDo))
        {
            var reference = Reference(hostCells.ToArray());
            _known.Add(set, willDo = reference.Give(Request.Devices) is not null || reference.AnyAssignmentWillDo(Request.Devices));
        }

        return willDo;
    }

    private bool Chance(int percent) => _random.Next(100) < percent;
}
