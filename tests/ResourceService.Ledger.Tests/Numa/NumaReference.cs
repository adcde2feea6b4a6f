using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Tests.Numa;

/// <summary>
/// The slow reference: every selection of host cells in order, and on each cell every set of CPUs that could be pinned, judged by what the rules
/// mean. For small hosts only; shares nothing with the fit.
/// </summary>
internal static class NumaReference
{
    /// <summary>The host's numbers of the first cells on which the request fits; null when there are none.</summary>
    public static int[]? FirstSelection(NumaProblem problem)
    {
        var fits = problem.Request.Cells.Select((_, cell) =>
            problem.Host.Cells.Select((host, place) => Fits(problem, cell, host, problem.Usage.Cells[place])).ToArray()).ToArray();
        foreach (var places in Selections(Order(problem), problem.Request.Cells.Count))
        {
            var all = places.Select((place, cell) => fits[cell][place]).All(fit => fit);
            int[] ids = [.. places.Select(place => problem.Host.Cells[place].CellId)];
            if (all && problem.Accepts?.Invoke(ids) != false)
                return ids;
        }

        return null;
    }

    private static int[] Order(NumaProblem problem)
    {
        var (host, usage, request) = (problem.Host, problem.Usage, problem.Request);
        IEnumerable<int> places = Enumerable.Range(0, host.Cells.Count);
        if (host.Cells.Count > request.Cells.Count)
        {
            // One sort after the other, each keeping ties.
            places = Sort(places, place => host.Cells[place].MemoryMb - usage.Cells[place].MemoryUsedMb, descending: !request.PackCells);
            places = request.CpuPolicy == CpuPolicy.Shared
                ? Sort(places, place => usage.Cells[place].SharedVcpuCount, descending: request.PackCells)
                : Sort(places, place => Free(host.Cells[place], usage.Cells[place]).Length, descending: !request.PackCells);
            if (problem.FreeDevices.Length > 0)
                places = Sort(places, place => problem.FreeDevices[place], descending: problem.Accepts is not null);
        }

        return [.. places];

        static IEnumerable<int> Sort(IEnumerable<int> items, Func<int, long> key, bool descending) =>
            descending ? items.OrderByDescending(key) : items.OrderBy(key);
    }

    private static IEnumerable<int[]> Selections(int[] places, int count) => count == 0
        ? [[]]
        : places.SelectMany(first => Selections([.. places.Where(place => place != first)], count - 1).Select(rest => (int[])[first, .. rest]));

    private static bool Fits(NumaProblem problem, int requestCell, NumaCell host, NumaCellUsage used)
    {
        var (request, asked) = (problem.Request, problem.Request.Cells[requestCell]);
        if (!HasMemory(request, asked, host, used))
            return false;
        if (request.CpuPolicy != CpuPolicy.Dedicated)
        {
            if (asked.SharedVcpus.Count > host.SharedCpus.Count)
                return false;
            if (problem.CpuAllocationRatio is { } cpu && used.SharedVcpuCount + asked.SharedVcpus.Count > host.SharedCpus.Count * cpu)
                return false;
            if (problem.RamAllocationRatio is { } ram && used.MemoryUsedMb + asked.MemoryMb > host.MemoryMb * ram)
                return false;
        }

        var withEmulator = requestCell == 0 && request.EmulatorThreads == EmulatorThreadsPolicy.Isolate;
        return request.CpuPolicy == CpuPolicy.Shared || HasCpus(request, asked.DedicatedVcpus.Count, withEmulator, host, used);
    }

    private static bool HasMemory(NumaRequest request, NumaCellRequest asked, NumaCell host, NumaCellUsage used)
    {
        var sizes = host.PagePools.Select(pool => pool.SizeKb).Order().ToArray();
        var floats = request.CpuPolicy == CpuPolicy.Shared;
        if (asked.PageSizePolicy == PageSizePolicy.None)
        {
            return sizes.Length == 0
                ? asked.MemoryMb + (floats ? 0 : used.MemoryUsedMb) <= host.MemoryMb
                : HasPages(sizes[0], evenIfUsed: floats);
        }

        var allowed = asked.PageSizePolicy switch
        {
            PageSizePolicy.Small => sizes.Take(1),
            PageSizePolicy.Large => sizes.Skip(1),
            PageSizePolicy.Any => sizes,
            _ => sizes.Where(size => size == asked.PageSizeKb),
        };
        return allowed.Any(size => HasPages(size, evenIfUsed: false));

        bool HasPages(long sizeKb, bool evenIfUsed)
        {
            var (pool, i) = host.PagePools.Select((pool, i) => (pool, i)).Single(pair => pair.pool.SizeKb == sizeKb);
            var kept = evenIfUsed ? 0 : pool.Reserved + used.PagesUsed[i];
            return asked.MemoryMb * 1024 % sizeKb == 0 && kept + (asked.MemoryMb * 1024 / sizeKb) <= pool.Total;
        }
    }

    // Is there a set of free CPUs for the vCPUs that the policy allows, and one more CPU for the emulator?
    private static bool HasCpus(NumaRequest request, int count, bool withEmulator, NumaCell host, NumaCellUsage used)
    {
        var threads = host.ThreadSiblings.Select(core => core.Count).Append(1).Max();
        var free = Free(host, used);
        var freeOf = free.ToDictionary(cpu => cpu, cpu => free.Count(other => Core(host, other).Equals(Core(host, cpu))));
        switch (request.ThreadPolicy)
        {
            // These hold for the cell as such, vCPUs or not.
            case CpuThreadPolicy.Require when threads == 1 || !freeOf.Values.Any(n => n >= 2):
            case CpuThreadPolicy.Isolate when threads > 1 && !host.SharedCpus.Equals(host.DedicatedCpus):
            case CpuThreadPolicy.Isolate when !freeOf.Values.Any(n => n == threads):
                return false;
        }

        if (withEmulator && count == 0)
            return false;
        foreach (var set in Subsets(free, count))
        {
            var cores = set.GroupBy(cpu => Core(host, cpu)).ToArray();
            var allowed = request.ThreadPolicy switch
            {
                CpuThreadPolicy.Require => Enumerable.Range(2, threads - 1).Any(
                    k => cores.All(core => core.Count() <= k && freeOf[core.First()] >= k)),
                CpuThreadPolicy.Isolate => cores.All(core => core.Count() == 1 && freeOf[core.First()] == threads),
                _ => true,
            };
            var isolates = request.ThreadPolicy == CpuThreadPolicy.Isolate;
            if (allowed && (!withEmulator || free.Any(cpu => !set.Contains(cpu) && !(isolates && cores.Any(core => core.Key.Contains(cpu))))))
                return true;
        }

        return false;
    }

    private static IEnumerable<int[]> Subsets(int[] items, int count)
    {
        for (var bits = 0; bits < 1 << items.Length; bits++)
        {
            int[] set = [.. items.Where((_, i) => (bits & (1 << i)) != 0)];
            if (set.Length == count)
                yield return set;
        }
    }

    private static int[] Free(NumaCell host, NumaCellUsage used) => [.. host.DedicatedCpus.Where(cpu => !used.PinnedCpus.Contains(cpu))];

    private static CpuSet Core(NumaCell host, int cpu) => host.ThreadSiblings.FirstOrDefault(core => core.Contains(cpu)) ?? CpuSet.From([cpu]);
}
