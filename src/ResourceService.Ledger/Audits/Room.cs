using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// Whether there is room on a node for what its host runs already. Capacity and owners decide; the units and traits by which new requests are
/// admitted do not, for nothing is asked here.
/// </summary>
internal static class Room
{
    /// <summary>Whether amounts fit in place of those that are held.</summary>
    public static bool HasAmounts(NodeView node, ResourceAmounts held, ResourceAmounts wanted)
    {
        foreach (ref readonly var item in wanted.Span)
        {
            var place = node.Spec.Inventories.IndexOf(item.Class);
            var more = item.Amount - held.Of(item.Class);
            if (place < 0 || (more > 0 && more > node.FreeAt(place)))
                return false;
        }

        return true;
    }

    /// <summary>What cells as the host runs them are as an assignment; null when CPUs or pages are not free.</summary>
    /// <param name="node">The node.</param>
    /// <param name="held">The cells held now, which they replace.</param>
    /// <param name="known">What is known of the cells; used for what the host does not tell.</param>
    /// <param name="wanted">The cells as the host runs them.</param>
    /// <param name="asked">What was asked for, where something was.</param>
    public static ValueList<CellAssignment>? CellsOf(
        NodeView node, ValueList<CellAssignment> held, ValueList<CellAssignment> known, ValueList<ObservedCell> wanted, NumaRequest? asked)
    {
        if (node.Spec.Numa is not { } topology)
            return null;
        var free = node.NumaUsage.Without(topology, held);
        var cells = new List<CellAssignment>(wanted.Count);
        for (var i = 0; i < wanted.Count; i++)
        {
            var place = topology.IndexOf(wanted[i].HostCellId);
            if (place < 0)
                return null;
            var cell = ToAssignment(topology.Cells[place], wanted[i], i < known.Count ? known[i] : null, asked);
            if (cell is null || !HasCell(node, topology.Cells[place], free.Cells[place], cell))
                return null;
            // Whichever cell they are counted on, a CPU has one owner.
            if (free.Cells.Any(other => other.PinnedCpus.Overlaps(cell.OwnedCpus())))
                return null;
            free = free.With(topology, [cell]);
            cells.Add(cell);
        }

        return ValueList.From(cells);
    }

    /// <summary>
    /// Whether devices can be owned together: they are there, nobody owns them or a relative of theirs, and none is a relative of another, for a
    /// function that is given away takes its children with it.
    /// </summary>
    public static bool HasDevices(NodeView node, IEnumerable<string> addresses)
    {
        var (usage, pools) = (node.DeviceUsage, node.DeviceUsage.Pools);
        var wanted = new HashSet<int>();
        foreach (var address in addresses)
        {
            if (pools.At(address) is not [var place] || !usage.IsFree(place))
                return false;
            wanted.Add(place);
        }

        foreach (var place in wanted)
        {
            if (pools.ParentOf(place) is [var parent] && wanted.Contains(parent))
                return false;
        }

        return true;
    }

    private static bool HasCell(NodeView node, NumaCell cell, NumaCellUsage used, CellAssignment wanted)
    {
        if (wanted.OwnedCpus().Except(cell.DedicatedCpus).Count > 0 || wanted.MemoryMb > cell.MemoryMb)
            return false;
        var pool = cell.IndexOfPool(wanted.PoolSizeKb);
        if (pool < 0)
            return wanted.PoolSizeKb == 0;
        // Pages that the claim holds already stay its own, also while the pool is over its total.
        var before = node.NumaUsage.Cells[node.Spec.Numa!.IndexOf(cell.CellId)].PagesUsed[pool];
        var after = used.PagesUsed[pool] + wanted.PageCount;
        return after <= before || after <= cell.PagePools[pool].Total - cell.PagePools[pool].Reserved;
    }

    private static CellAssignment? ToAssignment(NumaCell cell, ObservedCell seen, CellAssignment? known, NumaRequest? asked)
    {
        var pageSize = seen.PageSizeKb > 0 && (known is null || known.PageSizeKb > 0) ? seen.PageSizeKb : known?.PageSizeKb ?? 0;
        var smallest = cell.PagePools.Count == 0 ? 0 : cell.PagePools.Min(pool => pool.SizeKb);
        var pinned = CpuSet.From(seen.Pinning.Select(pin => pin.HostCpu));
        // The same host CPU twice, for guests or for the emulator, is no assignment.
        if (pinned.Count < seen.Pinning.Count || pinned.Overlaps(seen.EmulatorCpus))
            return null;
        return new CellAssignment(
            cell.CellId,
            pageSize,
            pageSize > 0 ? pageSize : smallest,
            seen.Pinning,
            seen.EmulatorCpus,
            asked?.ThreadPolicy == CpuThreadPolicy.Isolate ? SiblingsOf(cell, pinned) : CpuSet.Empty,
            seen.SharedVcpus,
            seen.MemoryMb > 0 ? seen.MemoryMb : known?.MemoryMb ?? 0);
    }

    private static CpuSet SiblingsOf(NumaCell cell, CpuSet pinned) => cell.ThreadSiblings
        .Where(core => core.Overlaps(pinned))
        .Aggregate(CpuSet.Empty, (idle, core) => idle.Union(core.Except(pinned)))
        .Intersect(cell.DedicatedCpus);
}
