using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Numa;

/// <summary>
/// Whether one requested cell fits one host cell: the predicate behind the search and behind the explanation. It looks at no other cell.
/// </summary>
internal readonly ref struct CellFit(
    CellLayout layout, NumaCellUsage used, NumaRequest request, int requestCell, double? cpuAllocationRatio, double? ramAllocationRatio)
{
    private readonly NumaCellRequest _asked = request.Cells[requestCell];

    private NumaCell Host => layout.Cell;

    private bool Pins => request.CpuPolicy != CpuPolicy.Shared;

    private bool Floats => request.CpuPolicy != CpuPolicy.Dedicated;

    // The emulator's CPU is always beside the first guest cell, so that one can foresee where it is.
    private bool WithEmulator => Pins && requestCell == 0 && request.EmulatorThreads == EmulatorThreadsPolicy.Isolate;

    private int CpusToOwn => _asked.DedicatedVcpus.Count + (WithEmulator ? 1 : 0);

    /// <summary>Whether every rule holds. Allocates nothing unless a core has 64 threads or more.</summary>
    public bool Passes() =>
        TestMemory(out _).Reason == RefusalReason.None
        && TestDedicatedCpus().Reason == RefusalReason.None
        && TestSharedCpus().Reason == RefusalReason.None
        && TestCpuRatio().Reason == RefusalReason.None
        && TestRamRatio().Reason == RefusalReason.None
        && TestThreads(out _).Reason == RefusalReason.None;

    /// <summary>Adds every rule that refuses, up to a length of the list.</summary>
    public void Explain(ICollection<RefusedDimension> refused, int lengthMax)
    {
        ReadOnlySpan<RefusedDimension> results =
            [TestMemory(out _), TestDedicatedCpus(), TestSharedCpus(), TestCpuRatio(), TestRamRatio(), TestThreads(out _)];
        foreach (var result in results)
        {
            if (result.Reason != RefusalReason.None && refused.Count < lengthMax)
                refused.Add(result);
        }
    }

    /// <summary>What the requested cell gets, where it passes.</summary>
    public CellAssignment Assign()
    {
        TestMemory(out var pool);
        TestThreads(out var choice);
        var poolSizeKb = pool < 0 ? 0 : Host.PagePools[pool].SizeKb;
        ValueList<PinnedCpu> pinning = [];
        var (emulator, idle) = (CpuSet.Empty, CpuSet.Empty);
        if (Pins)
        {
            var isolates = request.ThreadPolicy == CpuThreadPolicy.Isolate;
            pinning = choice.Take(layout, used.PinnedCpus, isolates, _asked.DedicatedVcpus, WithEmulator, out emulator, out idle);
        }

        return new CellAssignment(
            Host.CellId, _asked.PageSizePolicy == PageSizePolicy.None ? 0 : poolSizeKb, poolSizeKb, pinning, emulator, idle, _asked.SharedVcpus,
            _asked.MemoryMb);
    }

    // Memory is pages where the cell has pools: of the size asked for, or the smallest. No ratio applies to pages.
    private RefusedDimension TestMemory(out int pool)
    {
        pool = -1;
        if (_asked.PageSizePolicy != PageSizePolicy.None)
            return TestPages(out pool);
        if (layout.PoolsBySize.Length == 0)
        {
            var free = Host.MemoryMb - (Pins ? used.MemoryUsedMb : 0);
            return _asked.MemoryMb <= free ? default : Refuse(RefusalReason.NumaMemoryExceeded, _asked.MemoryMb, free, Host.MemoryMb);
        }

        // Floating instances may promise the small pages more than once; the ratios are there to bound it.
        pool = layout.PoolsBySize[^1];
        var (sizeKb, total, reserved) = Host.PagePools[pool];
        if (MemoryKb % sizeKb != 0)
            return Refuse(RefusalReason.NumaPageSizeUnavailable, sizeKb, 0, sizeKb);
        var (pages, capacity) = Pins ? (FreePages(pool), total - reserved) : (total, total);
        return MemoryKb / sizeKb <= pages
            ? default
            : Refuse(RefusalReason.NumaMemoryExceeded, _asked.MemoryMb, pages * sizeKb / 1024, capacity * sizeKb / 1024);
    }

    // A size that the cell lacks is told with a capacity of 0, one that the memory is no multiple of with itself; of several the smallest is told.
    private RefusedDimension TestPages(out int pool)
    {
        var bySize = layout.PoolsBySize;
        var candidates = _asked.PageSizePolicy switch
        {
            PageSizePolicy.Small => bySize.Length == 0 ? bySize : bySize[^1..],
            PageSizePolicy.Large => bySize.Length == 0 ? bySize : bySize[..^1],
            _ => bySize,
        };
        var asked = _asked.PageSizePolicy == PageSizePolicy.Explicit ? _asked.PageSizeKb : 0;
        var refusal = Refuse(RefusalReason.NumaPageSizeUnavailable, asked, 0, 0);
        foreach (var candidate in candidates)
        {
            var (sizeKb, total, reserved) = Host.PagePools[candidate];
            if (asked != 0 && sizeKb != asked)
                continue;
            pool = candidate;
            if (MemoryKb % sizeKb == 0)
            {
                if (MemoryKb / sizeKb <= FreePages(candidate))
                    return default;
                refusal = Refuse(RefusalReason.NumaPagesExceeded, MemoryKb / sizeKb, FreePages(candidate), total - reserved);
            }
            else if (refusal.Reason != RefusalReason.NumaPagesExceeded)
            {
                refusal = Refuse(RefusalReason.NumaPageSizeUnavailable, sizeKb, 0, sizeKb);
            }
        }

        pool = -1;
        return refusal;
    }

    private RefusedDimension TestDedicatedCpus()
    {
        if (!Pins)
            return default;
        var free = Host.DedicatedCpus.CountExcept(used.PinnedCpus);
        return CpusToOwn <= free ? default : Refuse(RefusalReason.NumaDedicatedCpusExceeded, CpusToOwn, free, Host.DedicatedCpus.Count);
    }

    // One instance never runs more floating vCPUs than there are CPUs, whatever the ratio.
    private RefusedDimension TestSharedCpus()
    {
        var (asked, shared) = (_asked.SharedVcpus.Count, Host.SharedCpus.Count);
        return !Floats || asked <= shared ? default : Refuse(RefusalReason.NumaSharedCpusExceeded, asked, shared, shared);
    }

    private RefusedDimension TestCpuRatio() => Floats && cpuAllocationRatio is { } ratio
        ? TestRatio(RefusalReason.NumaCpuRatioExceeded, used.SharedVcpuCount, _asked.SharedVcpus.Count, Host.SharedCpus.Count * ratio)
        : default;

    private RefusedDimension TestRamRatio() => Floats && ramAllocationRatio is { } ratio
        ? TestRatio(RefusalReason.NumaRamRatioExceeded, used.MemoryUsedMb, _asked.MemoryMb, Host.MemoryMb * ratio)
        : default;

    // The bound is not rounded: 10 * 0.29 holds 2 and not 3, and 100 * 0.29 no 29.
    private RefusedDimension TestRatio(RefusalReason reason, long usedAmount, long asked, double bound)
    {
        if ((double)usedAmount + asked <= bound)
            return default;
        var capacity = (long)bound;
        return Refuse(reason, asked, capacity - usedAmount, capacity);
    }

    private RefusedDimension TestThreads(out CoreChoice choice)
    {
        choice = default;
        // With too few CPUs there is nothing to lay out, and the number of them is what refuses.
        if (!Pins || CpusToOwn > Host.DedicatedCpus.CountExcept(used.PinnedCpus))
            return default;
        return CoreChoice.TryChoose(
            layout, used.PinnedCpus, request.ThreadPolicy, _asked.DedicatedVcpus.Count, WithEmulator, out choice, out var usable)
            ? default
            : Refuse(RefusalReason.NumaThreadPolicyUnmet, CpusToOwn, usable, Host.DedicatedCpus.Count) with
            {
                IsolateNeedsSharedCpus = request.ThreadPolicy == CpuThreadPolicy.Isolate && !layout.CanIsolate,
            };
    }

    private long MemoryKb => _asked.MemoryMb * 1024;

    private long FreePages(int pool) => Host.PagePools[pool].Total - used.PagesUsed[pool] - Host.PagePools[pool].Reserved;

    private RefusedDimension Refuse(RefusalReason reason, long requested, long available, long capacity) =>
        new(reason, "", requested, available, capacity) { HostCellId = Host.CellId, RequestCell = requestCell };
}
