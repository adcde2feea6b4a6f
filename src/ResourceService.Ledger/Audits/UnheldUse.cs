using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// What a host runs of an instance and no claim of it on the node holds: what an observed claim is made of. Amounts, memory and pages are sums, and are
/// taken whole, also beyond what the node has. CPUs and devices have one owner: only those that nobody owns are taken.
/// </summary>
internal sealed class UnheldUse
{
    private readonly NodeView _node;
    private readonly ObservedInstance _seen;
    private readonly IReadOnlyCollection<Claim> _held;
    private readonly List<CellAssignment> _heldCells;

    // What the instance's own claims hold of each cell and pool, less what was seen of it so far.
    private readonly Dictionary<(int Cell, long PoolSizeKb), long> _heldMemory = [];
    private CpuSet _free;

    private UnheldUse(NodeView node, ObservedInstance seen, IReadOnlyCollection<Claim> held)
    {
        (_node, _seen, _held) = (node, seen, held);
        var owned = node.NumaUsage.Cells.Aggregate(CpuSet.Empty, (all, cell) => all.Union(cell.PinnedCpus));
        _free = (node.Spec.Numa?.Cells ?? []).Aggregate(CpuSet.Empty, (all, cell) => all.Union(cell.DedicatedCpus)).Except(owned);
        _heldCells = [.. held.SelectMany(claim => claim.Assignment.Cells)];
        foreach (var part in _heldCells)
            _heldMemory[(part.HostCellId, part.PoolSizeKb)] = _heldMemory.GetValueOrDefault((part.HostCellId, part.PoolSizeKb)) + part.MemoryMb;
    }

    /// <summary>What it is.</summary>
    /// <param name="node">The node, without the instance's observed claim.</param>
    /// <param name="seen">The instance on the host.</param>
    /// <param name="held">Its other claims on the node.</param>
    public static (ResourceAmounts Amounts, Assignment Assignment) Of(NodeView node, ObservedInstance seen, IReadOnlyCollection<Claim> held)
    {
        var use = new UnheldUse(node, seen, held);
        return (use.Amounts(), new Assignment(ValueList.From(use.Cells()), ValueList.From(use.Devices())));
    }

    // A class that the node has no inventory of promises nothing.
    private ResourceAmounts Amounts() => ResourceAmounts.From(_seen.Amounts
        .Where(item => _node.Spec.Inventories.IndexOf(item.Class) >= 0)
        .Select(item => item with { Amount = item.Amount - _held.Sum(claim => claim.Amounts.Of(item.Class)) })
        .Where(item => item.Amount > 0));

    // CPUs are owned on the cell that has them, whichever the report names.
    private IEnumerable<CellAssignment> Cells()
    {
        foreach (var seen in _seen.Cells)
        {
            var cpus = CpuSet.From(seen.Pinning.Select(pin => pin.HostCpu)).Union(seen.EmulatorCpus);
            foreach (var cell in CellsOf(seen.HostCellId, cpus))
            {
                var part = Part(cell, seen);
                if (part.MemoryMb > 0 || part.SharedVcpus.Count > 0 || part.OwnedCpus().Count > 0)
                    yield return part;
            }
        }
    }

    // The cell that the report names, and those that have the CPUs: a report may name 128 cells, and the host have as many.
    private IEnumerable<NumaCell> CellsOf(int hostCellId, CpuSet cpus)
    {
        if (_node.Spec.Numa is not { } host)
            return [];
        if (cpus.Count > 0)
            return host.Cells.Where(cell => cell.CellId == hostCellId || cell.DedicatedCpus.Overlaps(cpus));
        return host.IndexOf(hostCellId) is >= 0 and var place ? [host.Cells[place]] : [];
    }

    private CellAssignment Part(NumaCell cell, ObservedCell seen)
    {
        var pinning = ValueList.From(seen.Pinning.Where(pin => Take(cell, CpuSet.From([pin.HostCpu])).Count > 0));
        var owned = new CellAssignment(cell.CellId, 0, 0, pinning, Take(cell, seen.EmulatorCpus), CpuSet.Empty, CpuSet.Empty, 0);
        // A claim that asked for no cells has its memory and its floating CPUs anywhere.
        if (seen.HostCellId != cell.CellId || (_held.Count > 0 && _heldCells.Count == 0))
            return owned;
        // Pages of a size that the cell lacks are those that the instance's claim holds there, or memory without pages.
        var poolSizeKb = seen.PageSizeKb > 0 ? seen.PageSizeKb : cell.PagePools.Select(pool => pool.SizeKb).DefaultIfEmpty().Min();
        if (cell.IndexOfPool(poolSizeKb) < 0)
            poolSizeKb = _heldCells.Find(part => part.HostCellId == cell.CellId)?.PoolSizeKb ?? 0;
        var heldMemory = Math.Min(seen.MemoryMb, _heldMemory.GetValueOrDefault((cell.CellId, poolSizeKb)));
        if (heldMemory > 0)
            _heldMemory[(cell.CellId, poolSizeKb)] -= heldMemory;
        return owned with
        {
            PageSizeKb = poolSizeKb > 0 ? seen.PageSizeKb : 0,
            PoolSizeKb = poolSizeKb,
            SharedVcpus = _heldCells.Where(part => part.HostCellId == cell.CellId).Aggregate(seen.SharedVcpus, (left, part) => left.Except(part.SharedVcpus)),
            MemoryMb = seen.MemoryMb - heldMemory,
        };
    }

    private CpuSet Take(NumaCell cell, CpuSet cpus)
    {
        var taken = _free.Intersect(cpus).Intersect(cell.DedicatedCpus);
        _free = _free.Except(taken);
        return taken;
    }

    private List<AssignedDevice> Devices()
    {
        var usage = _node.DeviceUsage;
        var taken = new List<AssignedDevice>();
        foreach (var address in _seen.DeviceAddresses)
        {
            if (usage.Pools.At(address) is not [var place] || !usage.IsFree(place))
                continue;
            taken.Add(usage.Pools.Give(place, requestName: ""));
            // A function that is owned takes its relatives with it. Whose it is matters to nobody here.
            usage = usage.With([taken[^1]], claim: 1);
        }

        return taken;
    }
}
