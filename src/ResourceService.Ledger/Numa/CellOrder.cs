namespace ResourceService.Ledger.Numa;

/// <summary>In which order host cells are tried: Nova sorts them by free memory, then by CPUs, then by devices, each time keeping ties.</summary>
internal static class CellOrder
{
    /// <summary>Fills in the places of the host cells in the topology, the first to try first.</summary>
    public static void Fill(
        NumaTopology host, NumaUsage usage, NumaRequest request, ReadOnlySpan<int> freeDevices, bool asksForDevices, Span<int> order)
    {
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        // With as many host cells as are asked for, all are used and Nova takes them as listed.
        if (request.Cells.Count == order.Length)
            return;

        Span<Rank> ranks = stackalloc Rank[order.Length];
        for (var i = 0; i < order.Length; i++)
            ranks[i] = RankOf(host.Cells[i], usage.Cells[i], request, freeDevices.Length == 0 ? 0 : freeDevices[i], asksForDevices);
        // A stable insertion sort: a host has a handful of cells, and the library's sorts keep no ties.
        for (var i = 1; i < order.Length; i++)
        {
            var place = i;
            for (; place > 0 && ranks[i].IsBefore(ranks[order[place - 1]]); place--)
                order[place] = order[place - 1];
            order[place] = i;
        }
    }

    private static Rank RankOf(NumaCell cell, NumaCellUsage used, NumaRequest request, int freeDevices, bool asksForDevices)
    {
        var memory = cell.MemoryMb - used.MemoryUsedMb;
        var cpus = request.CpuPolicy == CpuPolicy.Shared ? -used.SharedVcpuCount : cell.DedicatedCpus.CountExcept(used.PinnedCpus);
        var sign = request.PackCells ? -1 : 1;
        // Cells with devices are kept for those who ask for devices, packed or spread.
        return new Rank(asksForDevices ? freeDevices : -freeDevices, sign * cpus, sign * memory);
    }

    // Bigger is tried earlier; the sort that comes last weighs most.
    private readonly record struct Rank(long Devices, long Cpus, long Memory)
    {
        public bool IsBefore(in Rank other) =>
            Devices != other.Devices ? Devices > other.Devices : Cpus != other.Cpus ? Cpus > other.Cpus : Memory > other.Memory;
    }
}
