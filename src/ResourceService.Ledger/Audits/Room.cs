using ResourceService.Ledger.Devices;
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
    public static bool HasAmounts(NodeView node, ResourceAmounts held, ResourceAmounts wanted) => FirstLack(node, held, wanted) is null;

    /// <summary>The first class of which there is too little for what is wanted in place of what is held, and why; null when all fit.</summary>
    public static (ResourceClass Class, string Reason)? FirstLack(NodeView node, ResourceAmounts held, ResourceAmounts wanted)
    {
        foreach (var (resourceClass, amount) in wanted)
        {
            if (LackOf(node, resourceClass, held.Of(resourceClass), amount) is { } reason)
                return (resourceClass, reason);
        }

        return null;
    }

    /// <summary>Why an amount does not fit in place of the one that is held; null when it does.</summary>
    public static string? LackOf(NodeView node, ResourceClass resourceClass, long held, long wanted)
    {
        if (wanted <= held)
            return null;
        var place = node.Spec.Inventories.IndexOf(resourceClass);
        if (place < 0)
            return $"the node has no inventory of {resourceClass}";
        var (more, free) = (wanted - held, node.FreeAt(place));
        return more <= free ? null : $"{more} more of {resourceClass} would be needed, and {Math.Max(0, free)} is free";
    }

    /// <summary>What cells as the host runs them are as an assignment; null when CPUs or pages are not free.</summary>
    /// <param name="node">The node.</param>
    /// <param name="held">The cells held now, which they replace.</param>
    /// <param name="known">What is known of the cells; used for what the host does not tell.</param>
    /// <param name="seen">The instance as the host runs it.</param>
    /// <param name="asked">What was asked for, where something was.</param>
    public static ValueList<CellAssignment>? CellsOf(
        NodeView node, ValueList<CellAssignment> held, ValueList<CellAssignment> known, ObservedInstance seen, NumaRequest? asked)
    {
        if (node.Spec.Numa is not { } topology)
            return null;
        var free = node.NumaUsage.Without(topology, held);
        var taken = free.Cells.Aggregate(CpuSet.Empty, (all, cell) => all.Union(cell.PinnedCpus));
        var policy = seen.ThreadPolicy ?? asked?.ThreadPolicy ?? (known.Any(cell => cell.IdleCpus.Count > 0) ? CpuThreadPolicy.Isolate : null);
        var wanted = WithKnown(topology, known, seen);
        var pinned = SeenCells.PinnedOf(wanted);
        var cells = new List<CellAssignment>(wanted.Count);
        for (var i = 0; i < wanted.Count; i++)
        {
            var place = topology.IndexOf(wanted[i].HostCellId);
            if (place < 0)
                return null;
            var cell = ToAssignment(topology.Cells[place], wanted[i], i < known.Count ? known[i] : null);
            // Siblings that others own are kept idle by nobody.
            if (policy == CpuThreadPolicy.Isolate)
                cell = cell with { IdleCpus = SiblingsOf(topology.Cells[place], cell).Except(pinned).Except(taken) };
            // Whichever cell they are counted on, a CPU has one owner.
            if (!HasCell(node, topology.Cells[place], free.Cells[place], cell) || taken.Overlaps(cell.OwnedCpus()))
                return null;
            free = free.With(topology, [cell]);
            taken = taken.Union(cell.OwnedCpus());
            cells.Add(cell);
        }

        return ValueList.From(cells);
    }

    /// <summary>Why a device cannot be given to an instance that has others as well; null when it can.</summary>
    public static string? LackOf(NodeView node, string address, ValueList<string> attached)
    {
        var (usage, pools) = (node.DeviceUsage, node.DeviceUsage.Pools);
        if (pools.At(address) is not [var place])
            return "the node has no such device";
        return usage.StatusOf(place) switch
        {
            DeviceStatus.Claimed => $"claim {new ClaimId(node.NodeKey, usage.Owners[place])} owns it",
            DeviceStatus.Blocked => "its function or a child of it is owned",
            _ when IsRelated(pools, place, attached) => "its function or a child of it is attached as well",
            _ => null,
        };
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

    // A function that is given away takes its children with it.
    private static bool IsRelated(DevicePools pools, int place, ValueList<string> attached)
    {
        foreach (var address in attached)
        {
            if (pools.At(address) is [var other] && (pools.ParentOf(other) is [var above] && above == place || pools.ParentOf(place) is [var parent] && parent == other))
                return true;
        }

        return false;
    }

    // What the report does not know of an instance's CPUs stays as it is, where it can still be.
    private static ValueList<ObservedCell> WithKnown(NumaTopology topology, ValueList<CellAssignment> known, ObservedInstance seen)
    {
        var cells = SeenCells.Of(topology, seen);
        if ((seen.KnowsCpus && seen.KnowsEmulatorCpus) || known.Count == 0)
            return cells;
        var pinned = SeenCells.PinnedOf(cells);
        return ValueList.From(cells.Select((cell, i) =>
        {
            if (i >= known.Count)
                return cell;
            var home = topology.IndexOf(cell.HostCellId) is >= 0 and var place ? topology.Cells[place].DedicatedCpus : CpuSet.Empty;
            return cell with
            {
                Pinning = seen.KnowsCpus ? cell.Pinning : known[i].Pinning,
                SharedVcpus = seen.KnowsCpus ? cell.SharedVcpus : known[i].SharedVcpus,
                EmulatorCpus = seen.KnowsEmulatorCpus ? cell.EmulatorCpus : known[i].EmulatorCpus.Intersect(home).Except(pinned),
            };
        }));
    }

    private static CellAssignment ToAssignment(NumaCell cell, ObservedCell seen, CellAssignment? known)
    {
        var pageSize = seen.PageSizeKb > 0 && (known is null || known.PageSizeKb > 0) ? seen.PageSizeKb : known?.PageSizeKb ?? 0;
        var smallest = cell.PagePools.Count == 0 ? 0 : cell.PagePools.Min(pool => pool.SizeKb);
        return new CellAssignment(
            cell.CellId,
            pageSize,
            pageSize > 0 ? pageSize : smallest,
            seen.Pinning,
            seen.EmulatorCpus,
            CpuSet.Empty,
            seen.SharedVcpus,
            seen.MemoryMb > 0 ? seen.MemoryMb : known?.MemoryMb ?? 0);
    }

    private static CpuSet SiblingsOf(NumaCell cell, CellAssignment assigned)
    {
        var pinned = CpuSet.From(assigned.Pinning.Select(pin => pin.HostCpu));
        return cell.ThreadSiblings
            .Where(core => core.Overlaps(pinned))
            .Aggregate(CpuSet.Empty, (idle, core) => idle.Union(core))
            .Intersect(cell.DedicatedCpus)
            .Except(assigned.EmulatorCpus);
    }
}
