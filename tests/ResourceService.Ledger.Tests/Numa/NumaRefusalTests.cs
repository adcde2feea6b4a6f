using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Numa;

/// <summary>
/// The refusal table of the NUMA fit: each reason by a request that misses by one. The host is one cell, number 7, with the cores {0,1} {2,3} {4,5}
/// {6,7} for all vCPUs, of which CPUs 0, 2 and 4 are pinned and 6 vCPUs float; 1024 MiB with 512 used; 768 MiB in 4 KiB pages with 256 reserved and
/// 256 used, and 256 MiB in 2 MiB pages with 128 used.
/// </summary>
public class NumaRefusalTests
{
    private static readonly NumaCell _cell =
        NumaSample.Cell(7, 0, 4, 2, 1_024, new PagePool(4, 196_608, 65_536), new PagePool(2_048, 128, 0));

    private static readonly Dictionary<string, (NumaProblem Problem, RefusedDimension[] Refused)> _rows = new(StringComparer.Ordinal)
    {
        ["all that is left"] = (Pinned(5, 256), []),
        ["more cells than the host has"] =
            (On(_cell, NumaSample.Pinned(NumaSample.Asked(), NumaSample.Asked())), [new(RefusalReason.NumaCellsTooFew, "", 2, 1, 1)]),
        ["floating memory beyond all small pages"] = (Floating(1, 769), [Refused(RefusalReason.NumaMemoryExceeded, 769, 768, 768)]),
        ["pinned memory beyond the free small pages"] = (Pinned(1, 257), [Refused(RefusalReason.NumaMemoryExceeded, 257, 256, 512)]),
        ["floating memory beyond a cell without pools"] =
            (WithoutPools(Floating(1, 1_025)), [Refused(RefusalReason.NumaMemoryExceeded, 1_025, 1_024, 1_024)]),
        ["pinned memory beyond the free memory of a cell without pools"] =
            (WithoutPools(Pinned(1, 513)), [Refused(RefusalReason.NumaMemoryExceeded, 513, 512, 1_024)]),
        ["one page too many"] = (Pages(130, PageSizePolicy.Explicit, 2_048), [Refused(RefusalReason.NumaPagesExceeded, 65, 64, 128)]),
        ["one page too many of any size"] =
            (Pages(258, PageSizePolicy.Any), [Refused(RefusalReason.NumaPagesExceeded, 66_048, 65_536, 131_072)]),
        ["large pages are not the smallest"] = (Pages(130, PageSizePolicy.Large), [Refused(RefusalReason.NumaPagesExceeded, 65, 64, 128)]),
        ["small pages are the smallest"] =
            (Pages(257, PageSizePolicy.Small), [Refused(RefusalReason.NumaPagesExceeded, 65_792, 65_536, 131_072)]),
        ["a page size that the cell lacks"] =
            (Pages(1_024, PageSizePolicy.Explicit, 1_048_576), [Refused(RefusalReason.NumaPageSizeUnavailable, 1_048_576, 0, 0)]),
        ["memory that is no multiple of the page size"] =
            (Pages(129, PageSizePolicy.Explicit, 2_048), [Refused(RefusalReason.NumaPageSizeUnavailable, 2_048, 0, 2_048)]),
        ["memory that is no multiple of the smallest pages"] =
            (On(_cell with { PagePools = [_cell.PagePools[1]] }, NumaSample.Floating(NumaSample.Asked(shared: 1, memoryMb: 129))),
                [Refused(RefusalReason.NumaPageSizeUnavailable, 2_048, 0, 2_048)]),
        ["large pages of a cell with one size"] =
            (On(_cell with { PagePools = [_cell.PagePools[1]] }, Pages(2, PageSizePolicy.Large).Request),
                [Refused(RefusalReason.NumaPageSizeUnavailable, 0, 0, 0)]),
        ["pages of a cell without pools"] =
            (WithoutPools(Pages(2, PageSizePolicy.Small)), [Refused(RefusalReason.NumaPageSizeUnavailable, 0, 0, 0)]),
        ["more floating vCPUs than shared CPUs"] = (Floating(9, 256), [Refused(RefusalReason.NumaSharedCpusExceeded, 9, 8, 8)]),
        ["more vCPUs than free dedicated CPUs"] = (Pinned(6, 256), [Refused(RefusalReason.NumaDedicatedCpusExceeded, 6, 5, 8)]),
        ["no CPU left for the emulator"] =
            (WithEmulator(Pinned(5, 256)), [Refused(RefusalReason.NumaDedicatedCpusExceeded, 6, 5, 8)]),
        ["REQUIRE with one pair left"] =
            (With(Pinned(3, 256), CpuThreadPolicy.Require), [Refused(RefusalReason.NumaThreadPolicyUnmet, 3, 2, 8)]),
        ["REQUIRE without siblings"] =
            (With(On(_cell with { ThreadSiblings = [] }, NumaSample.Pinned(NumaSample.Asked(dedicated: 1))), CpuThreadPolicy.Require),
                [Refused(RefusalReason.NumaThreadPolicyUnmet, 1, 0, 8)]),
        ["ISOLATE with one core left"] =
            (With(Pinned(2, 256), CpuThreadPolicy.Isolate), [Refused(RefusalReason.NumaThreadPolicyUnmet, 2, 1, 8)]),
        ["ISOLATE with one core left and an emulator"] = (
            WithEmulator(With(Pinned(1, 256), CpuThreadPolicy.Isolate)) with { Usage = Used(_cell, 0, 1, 2, 3, 4, 5) },
            [Refused(RefusalReason.NumaThreadPolicyUnmet, 2, 1, 8)]),
        ["ISOLATE with siblings where pinned and floating vCPUs are apart"] = (
            With(On(_cell with { SharedCpus = CpuSet.Empty }, NumaSample.Pinned(NumaSample.Asked(dedicated: 1))), CpuThreadPolicy.Isolate),
            [Refused(RefusalReason.NumaThreadPolicyUnmet, 1, 0, 8) with { IsolateNeedsSharedCpus = true }]),
        ["an emulator CPU without pinned vCPUs"] = (
            WithEmulator(On(_cell, NumaSample.Pinned(NumaSample.Asked(shared: 1)) with { CpuPolicy = CpuPolicy.Mixed })),
            [Refused(RefusalReason.NumaThreadPolicyUnmet, 1, 0, 8)]),
        ["the CPU ratio exceeded by one"] =
            (Floating(3, 256) with { CpuAllocationRatio = 1 }, [Refused(RefusalReason.NumaCpuRatioExceeded, 3, 2, 8)]),
        ["the CPU ratio is not rounded"] =
            (Floating(2, 256) with { CpuAllocationRatio = 0.9 }, [Refused(RefusalReason.NumaCpuRatioExceeded, 2, 1, 7)]),
        ["the memory ratio exceeded by one"] =
            (Floating(1, 103) with { RamAllocationRatio = 0.6 }, [Refused(RefusalReason.NumaRamRatioExceeded, 103, 102, 614)]),
        ["ratios do not bind pinned vCPUs"] = (Pinned(5, 256) with { CpuAllocationRatio = 0.1, RamAllocationRatio = 0.1 }, []),
        ["every rule that the cell breaks is told"] = (
            On(_cell, NumaSample.Pinned(NumaSample.Asked(shared: 9, dedicated: 6, memoryMb: 257)) with { CpuPolicy = CpuPolicy.Mixed }) with
            {
                CpuAllocationRatio = 1,
                RamAllocationRatio = 0.5,
            },
            [
                Refused(RefusalReason.NumaMemoryExceeded, 257, 256, 512),
                Refused(RefusalReason.NumaDedicatedCpusExceeded, 6, 5, 8),
                Refused(RefusalReason.NumaSharedCpusExceeded, 9, 8, 8),
                Refused(RefusalReason.NumaCpuRatioExceeded, 9, 2, 8),
                Refused(RefusalReason.NumaRamRatioExceeded, 257, 0, 512),
            ]),
    };

    public static TheoryData<string> Rows => [.. _rows.Keys];

    public static TheoryData<string> RefusedRows => [.. _rows.Where(row => row.Value.Refused.Length > 0).Select(row => row.Key)];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Explain_names_every_rule_with_its_figures(string row) => Assert.Equal(_rows[row].Refused, _rows[row].Problem.Explain());

    [Theory]
    [MemberData(nameof(Rows))]
    public void Fit_refuses_what_is_explained(string row) => Assert.Equal(_rows[row].Refused.Length == 0, _rows[row].Problem.Assign() is not null);

    [Theory]
    [MemberData(nameof(RefusedRows))]
    public void Refusal_allocates_nothing(string row)
    {
        var problem = _rows[row].Problem;
        problem.Assign();
        var before = GC.GetAllocatedBytesForCurrentThread();
        problem.Assign();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Every_reason_about_cells_has_a_row()
    {
        // A missing topology and a changed page size are the caller's to tell; the last needs two cells and stands below.
        RefusalReason[] others = [RefusalReason.NumaTopologyMissing, RefusalReason.NumaPageSizeChanged, RefusalReason.NumaCellsNotCombinable];
        var covered = _rows.Values.SelectMany(row => row.Refused).Select(dimension => dimension.Reason).Distinct();
        var reasons = Enum.GetValues<RefusalReason>().Where(reason => reason.ToString().StartsWith("Numa", StringComparison.Ordinal));
        Assert.Equal(reasons.Except(others).Order(), covered.Order());
    }

    [Fact]
    public void Cells_that_fit_somewhere_but_not_together_are_told_with_what_is_in_their_way()
    {
        var host = new NumaTopology([_cell, NumaSample.Cell(8, 8, 1, 1)]);
        var problem = new NumaProblem(
            host, NumaUsage.None(host), NumaSample.Pinned(NumaSample.Asked(dedicated: 2), NumaSample.Asked(dedicated: 3)));

        Assert.Null(problem.Assign());
        Assert.Equal(
            [
                new(RefusalReason.NumaCellsNotCombinable, "", 2, 1, 2),
                new(RefusalReason.NumaDedicatedCpusExceeded, "", 2, 1, 1) { HostCellId = 8, RequestCell = 0 },
                new(RefusalReason.NumaDedicatedCpusExceeded, "", 3, 1, 1) { HostCellId = 8, RequestCell = 1 },
            ],
            problem.Explain());
    }

    [Fact]
    public void Cells_that_fit_somewhere_are_not_blamed_for_one_that_fits_nowhere()
    {
        var host = new NumaTopology([_cell, NumaSample.Cell(8, 8, 1, 1)]);
        var problem = new NumaProblem(
            host, NumaUsage.None(host), NumaSample.Pinned(NumaSample.Asked(dedicated: 2), NumaSample.Asked(dedicated: 9)));

        Assert.Equal(
            [
                new(RefusalReason.NumaDedicatedCpusExceeded, "", 9, 8, 8) { HostCellId = 7, RequestCell = 1 },
                new(RefusalReason.NumaDedicatedCpusExceeded, "", 9, 1, 1) { HostCellId = 8, RequestCell = 1 },
            ],
            problem.Explain());
    }

    [Fact]
    public void An_explanation_has_a_limit()
    {
        var host = NumaSample.Host(64, 1, 1);
        var cells = Enumerable.Repeat(NumaSample.Asked(dedicated: 2, memoryMb: 100_000), 16).ToArray();

        Assert.Equal(32, new NumaProblem(host, NumaUsage.None(host), NumaSample.Pinned(cells)).Explain().Count);
    }

    private static NumaProblem Pinned(int vcpus, long memoryMb) =>
        On(_cell, NumaSample.Pinned(NumaSample.Asked(dedicated: vcpus, memoryMb: memoryMb)));

    private static NumaProblem Floating(int vcpus, long memoryMb) =>
        On(_cell, NumaSample.Floating(NumaSample.Asked(shared: vcpus, memoryMb: memoryMb)));

    private static NumaProblem Pages(long memoryMb, PageSizePolicy policy, long sizeKb = 0) => On(_cell, NumaSample.Floating(
        NumaSample.Asked(shared: 1, memoryMb: memoryMb) with { PageSizePolicy = policy, PageSizeKb = sizeKb }));

    private static NumaProblem WithoutPools(NumaProblem problem) => On(_cell with { PagePools = [] }, problem.Request);

    private static NumaProblem WithEmulator(NumaProblem problem) =>
        problem with { Request = problem.Request with { EmulatorThreads = EmulatorThreadsPolicy.Isolate } };

    private static NumaProblem With(NumaProblem problem, CpuThreadPolicy policy) =>
        problem with { Request = problem.Request with { ThreadPolicy = policy } };

    private static NumaProblem On(NumaCell cell, NumaRequest request) => new(new NumaTopology([cell]), Used(cell, 0, 2, 4), request);

    private static NumaUsage Used(NumaCell cell, params int[] pinned)
    {
        var host = new NumaTopology([cell]);
        var pages = cell.PagePools.Select(pool => (pool.SizeKb, pool.SizeKb == 4 ? 65_536L : 64L));
        return NumaUsage.None(host).Use(host, cell.CellId, pinned, 6, 512, pages);
    }

    private static RefusedDimension Refused(RefusalReason reason, long requested, long available, long capacity) =>
        new(reason, "", requested, available, capacity) { HostCellId = 7, RequestCell = 0 };
}
