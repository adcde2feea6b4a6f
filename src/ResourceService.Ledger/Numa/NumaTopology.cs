namespace ResourceService.Ledger.Numa;

/// <summary>A host's memory-and-CPU cells in the order of <see cref="Nodes.HostOrder"/>; the order decides ties. Compared by content.</summary>
public sealed record NumaTopology(ValueList<NumaCell> Cells)
{
    /// <summary>The most cells of a host: what a set of them has bits for. The largest machines sold today have 64 sockets or fewer.</summary>
    public const int CellsMax = CellMask.PlacesMax;

    // Worked out when it is first asked for. It follows from the cells alone: two threads that race write the same, and neither a comparison nor a
    // copy takes it over.
    private CellLayout[]? _layouts;

    private NumaTopology(NumaTopology original) => Cells = original.Cells;

    internal ReadOnlySpan<CellLayout> Layouts => _layouts ??= [.. Cells.Select(cell => new CellLayout(cell))];

    /// <summary>The place of the cell with this number; -1 when the host has none.</summary>
    public int IndexOf(int cellId)
    {
        for (var i = 0; i < Cells.Count; i++)
        {
            if (Cells[i].CellId == cellId)
                return i;
        }

        return -1;
    }

    /// <inheritdoc/>
    public bool Equals(NumaTopology? other) => other is not null && Cells.Equals(other.Cells);

    /// <inheritdoc/>
    public override int GetHashCode() => Cells.GetHashCode();
}

/// <summary>One cell of a host.</summary>
/// <param name="CellId">The host's number of the cell.</param>
/// <param name="Socket">The socket the cell is on, where the host knows it.</param>
/// <param name="SharedCpus">Host CPUs for floating vCPUs.</param>
/// <param name="DedicatedCpus">Host CPUs for pinned vCPUs; on a legacy host the same as the shared ones.</param>
/// <param name="ThreadSiblings">One set per physical core.</param>
/// <param name="MemoryMb">Memory of the cell in MiB.</param>
/// <param name="PagePools">Memory pages by size.</param>
public sealed record NumaCell(
    int CellId,
    int? Socket,
    CpuSet SharedCpus,
    CpuSet DedicatedCpus,
    ValueList<CpuSet> ThreadSiblings,
    long MemoryMb,
    ValueList<PagePool> PagePools)
{
    /// <summary>The place of the pool with this page size; -1 when the cell has none.</summary>
    public int IndexOfPool(long sizeKb)
    {
        for (var i = 0; i < PagePools.Count; i++)
        {
            if (PagePools[i].SizeKb == sizeKb)
                return i;
        }

        return -1;
    }
}

/// <summary>The pages of one size in a cell.</summary>
/// <param name="SizeKb">Size of a page in KiB.</param>
/// <param name="Total">Number of pages.</param>
/// <param name="Reserved">Pages the host keeps for itself.</param>
public sealed record PagePool(long SizeKb, long Total, long Reserved);
