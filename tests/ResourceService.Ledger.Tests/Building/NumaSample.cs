using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Tests.Building;

/// <summary>Plain NUMA cells, usages and requests; a test names only what it is about.</summary>
internal static class NumaSample
{
    /// <summary>A host of equal cells, each with so many cores of so many threads for floating and pinned vCPUs alike, numbered on.</summary>
    public static NumaTopology Host(int cells, int cores, int threads, long memoryMb = 16_384, params PagePool[] pools) =>
        new(ValueList.From(Enumerable.Range(0, cells).Select(i => Cell(i, i * cores * threads, cores, threads, memoryMb, pools))));

    public static NumaCell Cell(int cellId, int firstCpu, int cores, int threads, long memoryMb = 16_384, params PagePool[] pools)
    {
        var cpus = CpuSet.From(Enumerable.Range(firstCpu, cores * threads));
        var siblings = cpus.Chunk(threads).Select(CpuSet.From);
        return new NumaCell(cellId, null, cpus, cpus, ValueList.From(siblings), memoryMb, ValueList.From(pools));
    }

    public static NumaRequest Pinned(params NumaCellRequest[] cells) =>
        new(ValueList.From(cells), CpuPolicy.Dedicated, CpuThreadPolicy.Prefer, EmulatorThreadsPolicy.WithVcpus, PackCells: false);

    public static NumaRequest Floating(params NumaCellRequest[] cells) => Pinned(cells) with { CpuPolicy = CpuPolicy.Shared };

    /// <summary>A requested cell with so many floating and so many pinned vCPUs, numbered from 0.</summary>
    public static NumaCellRequest Asked(int shared = 0, int dedicated = 0, long memoryMb = 256) => new(
        CpuSet.From(Enumerable.Range(0, shared)), CpuSet.From(Enumerable.Range(shared, dedicated)), memoryMb, PageSizePolicy.None, 0);

    /// <summary>
    /// The usage in which a cell is in a given state. Usage is only ever made from claims, so they are made up: one of the CPUs, one of the pages of
    /// each pool, and one that takes back the memory which those pages would be.
    /// </summary>
    public static NumaUsage Use(
        this NumaUsage usage, NumaTopology host, int cellId, IEnumerable<int>? pinned = null, int shared = 0, long memoryMb = 0,
        params IEnumerable<(long SizeKb, long Pages)> pages)
    {
        var claims = new List<CellAssignment>();
        foreach (var (sizeKb, count) in pages)
        {
            Invariant.Require(count * sizeKb % 1024 == 0, "used pages are whole MiB");
            claims.Add(Claim(sizeKb, count * sizeKb / 1024, []));
        }

        claims.Add(Claim(0, memoryMb - claims.Sum(claim => claim.MemoryMb), [.. (pinned ?? []).Select((cpu, i) => new PinnedCpu(i, cpu))]) with
        {
            SharedVcpus = CpuSet.From(Enumerable.Range(0, shared)),
        });
        return usage.With(host, ValueList.From(claims));

        CellAssignment Claim(long poolSizeKb, long claimedMb, ValueList<PinnedCpu> pinning) =>
            new(cellId, poolSizeKb, poolSizeKb, pinning, CpuSet.Empty, CpuSet.Empty, CpuSet.Empty, claimedMb);
    }
}
