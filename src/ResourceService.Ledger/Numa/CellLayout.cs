namespace ResourceService.Ledger.Numa;

/// <summary>
/// What the fit asks of a host cell again and again and what follows from the topology alone: its cores and the order of its page pools.
/// Immutable.
/// </summary>
internal sealed class CellLayout
{
    // The dedicated CPUs core by core, ascending in each, and where each core begins: core i is _cpus[_starts[i].._starts[i + 1]].
    private readonly short[] _cpus;
    private readonly short[] _starts;
    private readonly CpuSet[] _siblings;
    private readonly byte[] _poolsBySize;

    public CellLayout(NumaCell cell)
    {
        Cell = cell;
        var cpus = new List<short>(cell.DedicatedCpus.Count);
        var starts = new List<short> { 0 };
        var siblings = new List<CpuSet>();
        var homeless = cell.DedicatedCpus;
        foreach (var core in cell.ThreadSiblings)
        {
            // A CPU that is listed twice belongs to the first: it must not be given out twice.
            ThreadsPerCore = Math.Max(ThreadsPerCore, core.Count);
            AddCore(core.Intersect(homeless), core);
            homeless = homeless.Except(core);
        }

        foreach (var cpu in homeless)
        {
            var single = CpuSet.From([cpu]);
            AddCore(single, single);
        }

        _cpus = [.. cpus];
        _starts = [.. starts];
        _siblings = [.. siblings];
        _poolsBySize = [.. Enumerable.Range(0, cell.PagePools.Count).OrderByDescending(i => cell.PagePools[i].SizeKb).Select(i => (byte)i)];
        CanIsolate = ThreadsPerCore == 1 || cell.DedicatedCpus.Equals(cell.SharedCpus);

        void AddCore(CpuSet dedicated, CpuSet all)
        {
            if (dedicated.Count == 0)
                return;
            cpus.AddRange(dedicated.Select(cpu => (short)cpu));
            starts.Add((short)cpus.Count);
            siblings.Add(all);
        }
    }

    /// <summary>The cell itself.</summary>
    public NumaCell Cell { get; }

    /// <summary>The hardware threads of the largest core, shared CPUs included; at least 1.</summary>
    public int ThreadsPerCore { get; } = 1;

    /// <summary>
    /// Whether thread policy ISOLATE can be had at all. As in Nova (bug 1889633), a cell with hardware threads isolates only if it gives the same CPUs
    /// to floating and to pinned vCPUs.
    /// </summary>
    public bool CanIsolate { get; }

    /// <summary>Cores that have a dedicated CPU, in the host's order; a CPU in no sibling set is a core of its own, after the listed ones.</summary>
    public int CoreCount => _siblings.Length;

    /// <summary>The dedicated CPUs of a core, ascending.</summary>
    public ReadOnlySpan<short> DedicatedCpus(int core) => _cpus.AsSpan(_starts[core], _starts[core + 1] - _starts[core]);

    /// <summary>All CPUs of a core.</summary>
    public CpuSet Siblings(int core) => _siblings[core];

    /// <summary>Places of the page pools, biggest page first.</summary>
    public ReadOnlySpan<byte> PoolsBySize => _poolsBySize;
}
