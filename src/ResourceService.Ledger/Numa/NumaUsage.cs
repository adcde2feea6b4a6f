namespace ResourceService.Ledger.Numa;

/// <summary>
/// How much of each host cell is used. Always the sum over the claims of the node: it is only ever made from them. Cells stand in the order of the
/// topology; what is claimed of a cell or a pool that the host no longer reports is not counted, and counted again when it comes back. A CPU is its
/// owner's in whichever cell the host reports it: hosts number their cells anew, or move CPUs, under instances that keep running.
/// </summary>
public sealed record NumaUsage
{
    private NumaUsage(ValueList<NumaCellUsage> cells) => Cells = cells;

    /// <summary>The cells, as the topology lists them.</summary>
    public ValueList<NumaCellUsage> Cells { get; }

    /// <summary>Nothing is used.</summary>
    public static NumaUsage None(NumaTopology? topology) => topology is null
        ? _ofNoCells
        : new NumaUsage(ValueList.From(topology.Cells.Select(
            cell => new NumaCellUsage(CpuSet.Empty, 0, 0, ValueList.From(new long[cell.PagePools.Count])))));

    private static readonly NumaUsage _ofNoCells = new([]);

    /// <summary>With what an assignment takes.</summary>
    public NumaUsage With(NumaTopology? topology, ValueList<CellAssignment> assignment) => Changed(topology, assignment, taken: true);

    /// <summary>Without what an assignment took.</summary>
    public NumaUsage Without(NumaTopology? topology, ValueList<CellAssignment> assignment) => Changed(topology, assignment, taken: false);

    private NumaUsage Changed(NumaTopology? topology, ValueList<CellAssignment> assignment, bool taken)
    {
        if (assignment.Count == 0 || topology is null)
            return this;
        NumaCellUsage[] cells = [.. Cells];
        foreach (var part in assignment)
        {
            var owned = part.OwnedCpus();
            for (var i = 0; i < cells.Length; i++)
            {
                var cell = topology.Cells[i];
                if (cell.CellId == part.HostCellId)
                    cells[i] = cells[i].Changed(cell, part, owned, taken);
                else if (cell.DedicatedCpus.Overlaps(owned))
                    cells[i] = cells[i].Owning(cell.DedicatedCpus.Intersect(owned), taken);
            }
        }

        return new NumaUsage(ValueList.Create<NumaCellUsage>(cells));
    }
}

/// <summary>How much of one host cell is used.</summary>
/// <param name="PinnedCpus">Dedicated CPUs that are owned, siblings kept idle included.</param>
/// <param name="SharedVcpuCount">Floating vCPUs placed here; may exceed the number of shared CPUs.</param>
/// <param name="MemoryUsedMb">Memory in MiB.</param>
/// <param name="PagesUsed">Pages of each pool, in the order of the cell's pools.</param>
public sealed record NumaCellUsage(CpuSet PinnedCpus, long SharedVcpuCount, long MemoryUsedMb, ValueList<long> PagesUsed)
{
    internal NumaCellUsage Changed(NumaCell cell, CellAssignment part, CpuSet owned, bool taken)
    {
        var sign = taken ? 1 : -1;
        var pages = PagesUsed;
        if (cell.IndexOfPool(part.PoolSizeKb) is >= 0 and var pool)
        {
            long[] counts = [.. PagesUsed];
            counts[pool] += sign * part.PageCount;
            pages = ValueList.Create<long>(counts);
        }

        return Owning(owned, taken) with
        {
            SharedVcpuCount = SharedVcpuCount + (sign * part.SharedVcpus.Count),
            MemoryUsedMb = MemoryUsedMb + (sign * part.MemoryMb),
            PagesUsed = pages,
        };
    }

    internal NumaCellUsage Owning(CpuSet owned, bool taken)
    {
        Invariant.Require(!taken || !PinnedCpus.Overlaps(owned), "a CPU has one owner");
        return this with { PinnedCpus = taken ? PinnedCpus.Union(owned) : PinnedCpus.Except(owned) };
    }
}
