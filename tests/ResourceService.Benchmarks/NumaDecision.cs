using BenchmarkDotNet.Attributes;
using ResourceService.Ledger;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Benchmarks;

/// <summary>
/// What it costs to find NUMA cells, CPUs and pages, and to account for them: a host of 8 cells with 16 cores of 2 threads each, 256 CPUs in all, a
/// third of them pinned here and there, the last cell's excepted.
/// </summary>
[MemoryDiagnoser]
[ShortRunJob]
public class NumaDecision
{
    private static readonly NumaTopology _host = NumaSample.Host(8, 16, 2, 65_536, new PagePool(4, 12_582_912, 0), new PagePool(2_048, 8_192, 0));
    private static readonly NumaUsage _usage = Usage();
    private static readonly NumaRequest _oneCell = NumaSample.Pinned(Cell(8));
    private static readonly NumaRequest _fourCells = NumaSample.Pinned(Cell(8), Cell(8), Cell(8), Cell(8));
    private static readonly NumaRequest _isolated = _oneCell with
    {
        ThreadPolicy = CpuThreadPolicy.Isolate,
        EmulatorThreads = EmulatorThreadsPolicy.Isolate,
    };

    private static readonly NumaRequest _floating = NumaSample.Floating(NumaSample.Asked(shared: 8, memoryMb: 8_192));
    private static readonly NumaRequest _refused = _isolated with { Cells = [Cell(16)] };
    private static readonly NumaRequest _notCombinable = NumaSample.Pinned([.. Enumerable.Repeat(Cell(8), 6), Cell(32), Cell(32)]);
    private static readonly int[] _freeDevices = [2, 2, 2, 2, 0, 0, 0, 0];

    private ValueList<CellAssignment> _cells = [];

    [GlobalSetup]
    public void SetUp() => NumaFit.TryAssign(_host, _usage, _fourCells, null, null, [], null, out _cells);

    [Benchmark(Baseline = true)]
    public bool OneCell() => Fits(_oneCell);

    [Benchmark]
    public bool FourCells() => Fits(_fourCells);

    [Benchmark]
    public bool FourCellsVetoedUntilTheLast() => NumaFit.TryAssign(
        _host, _usage, _fourCells, null, null, _freeDevices, new UnexplainedTest(static ids => ids[0] + ids[1] + ids[2] + ids[3] == 22), out _);

    [Benchmark]
    public bool Isolated() => Fits(_isolated);

    [Benchmark]
    public bool Floating() => Fits(_floating);

    [Benchmark]
    public bool Refused() => Fits(_refused);

    [Benchmark]
    public bool NotCombinable() => Fits(_notCombinable);

    [Benchmark]
    public NumaUsage ClaimAndReleaseFourCells() => _usage.With(_host, _cells).Without(_host, _cells);

    private static bool Fits(NumaRequest request) => NumaFit.TryAssign(_host, _usage, request, 16, 1.5, _freeDevices, null, out _);

    private static NumaCellRequest Cell(int vcpus) => NumaSample.Asked(dedicated: vcpus, memoryMb: 4_096) with
    {
        PageSizePolicy = PageSizePolicy.Explicit,
        PageSizeKb = 2_048,
    };

    private static NumaUsage Usage()
    {
        var random = new Random(7);
        return _host.Cells.Aggregate(NumaUsage.None(_host), (sum, cell) => sum.Use(
            _host, cell.CellId, cell.DedicatedCpus.Where(_ => cell.CellId < 7 && random.Next(3) == 0).ToArray(), random.Next(32), random.Next(8) * 1_024, (2_048, 1_024)));
    }
}
