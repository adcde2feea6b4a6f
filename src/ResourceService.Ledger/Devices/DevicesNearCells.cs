using System.Globalization;
using System.Text;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Devices;

/// <summary>
/// Whether the devices that an instance asks for can be had near a selection of host cells, for the search of the cells. What every selection needs is
/// counted by cell once the first was vetoed: for each request, for all together, and for those that a veto showed to want more than there was.
/// </summary>
internal sealed class DevicesNearCells(NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests) : CellSelectionTest
{
    private readonly HashSet<ulong> _counted = [];

    // Requests that a veto showed to want more than there was, not yet counted; and any cells, for ranges follow from there being some.
    private readonly List<ulong> _lacking = [];
    private int[] _someCells = [];
    private readonly List<CellBound> _bounds = [];
    private SuitableDevices? _suitable;
    private DeviceReach? _reach;

    /// <inheritdoc/>
    public override int StepsOfVeto => base.StepsOfVeto + (usage.Pools.Pools.Length / 16);

    /// <inheritdoc/>
    public override IReadOnlyList<CellBound> Bounds
    {
        get
        {
            CountLacking();
            return _bounds;
        }
    }

    /// <inheritdoc/>
    public override bool Accepts(ReadOnlySpan<int> hostCellIds)
    {
        if (DeviceFit.SupportsInOrder(node, usage, requests, hostCellIds))
            return true;
        if (requests.Count > SuitableDevices.RequestsMax)
        {
            LimitHit = SuitableDevices.RequestsMax;
            return false;
        }

        _suitable ??= new SuitableDevices(usage, requests);
        var isMet = DeviceFit.TryMatch(node, usage, _suitable, hostCellIds, out var matching);
        if (matching?.LimitHit == true)
            LimitHit = DeviceMatching.TurnsMax;
        if (!isMet)
            _lacking.Add(matching?.Lacking ?? 0);
        if (_someCells.Length == 0)
            _someCells = hostCellIds.ToArray();
        return isMet;
    }

    /// <inheritdoc/>
    public override void Classify(Span<int> numbers)
    {
        // Which of two like selections is refused can then follow from the order of the report.
        if (_suitable?.HidesOthers != false)
        {
            base.Classify(numbers);
            return;
        }

        var texts = Describe();
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var cell = 0; cell < numbers.Length; cell++)
        {
            if (!known.TryGetValue(texts[cell], out numbers[cell]))
                known.Add(texts[cell], numbers[cell] = known.Count);
        }
    }

    private void CountLacking()
    {
        if (_suitable is null)
            return;
        if (_reach is null)
        {
            _reach = new DeviceReach(node, requests, _someCells);
            var all = requests.Count == SuitableDevices.RequestsMax ? ulong.MaxValue : (1UL << requests.Count) - 1;
            for (var request = 0; request < requests.Count; request++)
                Count(1UL << request, _reach);
            Count(all, _reach);
        }

        foreach (var together in _lacking)
            Count(together, _reach);
        _lacking.Clear();
    }

    // What some requests need together of the devices on the cells, beyond those that they may have wherever the cells are.
    private void Count(ulong together, DeviceReach reach)
    {
        if (together == 0 || !_counted.Add(together))
            return;
        var needed = 0L;
        for (var request = 0; request < requests.Count; request++)
            needed += (together & (1UL << request)) != 0 ? requests[request].Count : 0;

        var cells = node.Numa!.Cells;
        var ofCell = new long[cells.Count];
        var groups = usage.Pools.Groups;
        for (var i = 0; i < groups.Length; i++)
        {
            var (free, wanted) = (usage.FreeOfGroup[i], _suitable!.RequestsOf(i) & together);
            if (free == 0 || wanted == 0)
                continue;
            if ((wanted & reach.Anywhere) != 0 || (groups[i].NumaCell is null && (wanted & reach.OnNoCell) != 0))
            {
                needed -= free;
                continue;
            }

            if (groups[i].NumaCell is not { } id || node.Numa.IndexOf(id) is not (>= 0 and var place))
                continue;
            for (var cell = 0; cell < ofCell.Length; cell++)
            {
                if (cell == place || ((wanted & reach.OnSockets) != 0 && cells[cell].Socket == cells[place].Socket))
                    ofCell[cell] += free;
            }
        }

        if (needed > 0)
            _bounds.Add(new CellBound(ofCell, needed));
    }

    // What is on each cell, and nothing that distinguishes the devices but what they suit. A cell with a family that reaches beyond it is like no other.
    private string[] Describe()
    {
        var cells = node.Numa!.Cells;
        var parts = cells.Select(_ => new List<string>()).ToArray();
        var plain = new Dictionary<(int Cell, ulong Requests), int>();
        var families = new Dictionary<int, List<int>>();
        for (var pool = 0; pool < usage.Pools.Pools.Length; pool++)
        {
            if (usage.FreeOfPool[pool] == 0 || RequestsOf(pool) == 0)
                continue;
            if (_suitable!.ContestedFunction(usage, pool) is >= 0 and var function)
                (families.TryGetValue(function, out var family) ? family : families[function] = []).Add(pool);
            else if (PlaceOf(pool) is >= 0 and var place)
                plain[(place, RequestsOf(pool))] = plain.GetValueOrDefault((place, RequestsOf(pool))) + usage.FreeOfPool[pool];
        }

        foreach (var ((place, suits), count) in plain)
            parts[place].Add(string.Create(CultureInfo.InvariantCulture, $"{suits:x}*{count}"));
        foreach (var (function, family) in families)
        {
            var places = family.Select(PlaceOf).Distinct().ToArray();
            var text = string.Join('+', family.Select(pool => string.Create(
                CultureInfo.InvariantCulture, $"{(pool == usage.Pools.PoolOf(function) ? 'f' : 'c')}{RequestsOf(pool):x}*{usage.FreeOfPool[pool]}")).Order());
            foreach (var place in places.Where(place => place >= 0))
                parts[place].Add(places.Length == 1 ? text : string.Create(CultureInfo.InvariantCulture, $"of its own {place}"));
        }

        return [.. cells.Select((cell, place) => new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{(_reach!.OnSockets != 0 ? cell.Socket : null)}:")
            .AppendJoin(',', parts[place].Order(StringComparer.Ordinal)).ToString())];
    }

    private ulong RequestsOf(int pool) => _suitable!.RequestsOf(usage.Pools.Pools[pool].Group);

    private int PlaceOf(int pool) =>
        usage.Pools.Groups[usage.Pools.Pools[pool].Group].NumaCell is { } id ? node.Numa!.IndexOf(id) : -1;
}
