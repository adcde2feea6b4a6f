using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Numa;

/// <summary>What the recorded decisions do not show: hosts and requests of the largest size, vetoes, devices, and what is cached.</summary>
public class NumaFitTests
{
    private static readonly PagePool _smallPages = new(4, 4_194_304, 0);
    private static readonly PagePool _hugePages = new(1_048_576, 4, 0);

    [Fact]
    public void Sixteen_cells_that_share_fifteen_of_very_many_are_refused()
    {
        // Nova's search would try 128!/112! selections.
        var host = HostWithHugePages(15);
        var problem = Free(host, NumaSample.Pinned(Enumerable.Repeat(Huge(), 16).ToArray()));

        Assert.Null(problem.Assign());
        Assert.Equal(15, problem.Explain()[0].Available);
    }

    [Fact]
    public void The_last_cell_gets_the_only_host_cell_that_will_do()
    {
        var host = HostWithHugePages(1);
        NumaCellRequest[] asked = [.. Enumerable.Repeat(NumaSample.Asked(dedicated: 1), 15), Huge()];

        Assert.Equal([.. Enumerable.Range(1, 15), 0], HostCells(Free(host, NumaSample.Pinned(asked))));
    }

    [Fact]
    public void Vetoes_of_every_selection_of_the_largest_host_end()
    {
        var sets = new HashSet<string>(StringComparer.Ordinal);
        var problem = Free(NumaSample.Host(128, 1, 1), NumaSample.Pinned(Enumerable.Repeat(NumaSample.Asked(dedicated: 1), 16).ToArray()));
        var test = new UnexplainedTest(Veto(sets, _ => false));

        Assert.Null(problem.Assign(test));
        Assert.InRange(sets.Count, 1_000, 1 << 14);
        Assert.Equal(NumaFit.StepsMax, test.LimitHit);
    }

    [Fact]
    public void Each_set_of_cells_is_asked_about_once_until_one_is_accepted()
    {
        var sets = new HashSet<string>(StringComparer.Ordinal);
        var problem = Free(NumaSample.Host(14, 1, 1), NumaSample.Pinned(Enumerable.Repeat(NumaSample.Asked(dedicated: 1), 7).ToArray()));

        var last = (problem with { Accepts = Veto(sets, ids => ids.Min() == 7) }).Assign();

        // 14 over 7: the accepted set is the last of all.
        Assert.Equal(3_432, sets.Count);
        Assert.Equal(Enumerable.Range(7, 7), last!.Select(cell => cell.HostCellId));
    }

    [Fact]
    public void Cells_with_free_devices_come_first_for_those_who_ask_for_devices_and_last_for_others()
    {
        var problem = Free(NumaSample.Host(3, 1, 2), NumaSample.Pinned(NumaSample.Asked(dedicated: 1))) with { FreeDevices = [1, 2, 0] };

        Assert.Equal([2], HostCells(problem));
        Assert.Equal([1], HostCells(problem with { Accepts = _ => true }));
        Assert.Equal([1], HostCells(problem with { Request = problem.Request with { PackCells = true }, Accepts = _ => true }));
        Assert.Equal([0], HostCells(problem with { Accepts = ids => ids[0] == 0 }));
    }

    [Fact]
    public void Siblings_that_others_own_are_not_kept_idle_and_not_freed()
    {
        // CPU 1 is somebody's; the emulator gets CPU 0 beside it.
        var host = NumaSample.Host(1, 2, 2);
        var usage = NumaUsage.None(host).Use(host, 0, [1]);
        var request = NumaSample.Pinned(NumaSample.Asked(dedicated: 1)) with
        {
            ThreadPolicy = CpuThreadPolicy.Isolate,
            EmulatorThreads = EmulatorThreadsPolicy.Isolate,
        };

        var cell = Assert.Single(new NumaProblem(host, usage, request).Assign()!);
        Assert.Equal([0], cell.EmulatorCpus);
        Assert.Equal([new PinnedCpu(0, 2)], cell.Pinning);
        Assert.Equal([3], cell.IdleCpus);
        Assert.Equal(usage, usage.With(host, [cell]).Without(host, [cell]));
    }

    [Fact]
    public void A_cpu_in_no_sibling_set_is_a_core_of_its_own_and_one_in_two_is_given_once()
    {
        var cell = NumaSample.Cell(0, 0, 4, 1) with { ThreadSiblings = [CpuSet.From([2, 3]), CpuSet.From([1, 2])] };
        var host = new NumaTopology([cell]);

        var given = Assert.Single(Free(host, NumaSample.Pinned(NumaSample.Asked(dedicated: 4))).Assign()!);
        Assert.Equal([2, 3, 1, 0], given.Pinning.Select(pin => pin.HostCpu));
    }

    [Fact]
    public void What_is_worked_out_of_a_topology_is_no_part_of_it()
    {
        var (used, fresh) = (NumaSample.Host(2, 1, 2), NumaSample.Host(2, 1, 2));
        Assert.NotNull(Free(used, NumaSample.Pinned(NumaSample.Asked(dedicated: 2))).Assign());

        Assert.Equal(fresh, used);
        Assert.Equal(fresh.GetHashCode(), used.GetHashCode());
        var larger = used with { Cells = NumaSample.Host(2, 2, 2).Cells };
        Assert.NotEqual(used, larger);
        Assert.NotNull(Free(larger, NumaSample.Pinned(NumaSample.Asked(dedicated: 4))).Assign());
    }

    [Fact]
    public void Cpus_of_one_set_and_not_of_the_other_are_counted()
    {
        var set = CpuSet.From([0, 63, 64, 200]);

        Assert.Equal(4, set.CountExcept(CpuSet.Empty));
        Assert.Equal(2, set.CountExcept(CpuSet.From([1, 63, 64, 500])));
        Assert.Equal(0, CpuSet.From([63]).CountExcept(set));
    }

    private static NumaTopology HostWithHugePages(int cells) => new(ValueList.From(Enumerable.Range(0, 128).Select(
        i => NumaSample.Cell(i, i, 1, 1, 16_384, i < cells ? [_smallPages, _hugePages] : [_smallPages]))));

    private static NumaCellRequest Huge() =>
        NumaSample.Asked(dedicated: 1, memoryMb: 1_024) with { PageSizePolicy = PageSizePolicy.Explicit, PageSizeKb = _hugePages.SizeKb };

    private static NumaProblem Free(NumaTopology host, NumaRequest request) => new(host, NumaUsage.None(host), request);

    private static IEnumerable<int> HostCells(NumaProblem problem) => problem.Assign()!.Select(cell => cell.HostCellId);

    private static CellVeto Veto(HashSet<string> asked, Func<int[], bool> accepts) => ids =>
    {
        var set = ids.ToArray().Order().ToArray();
        Assert.True(asked.Add(string.Join(',', set)), "a set is asked about once");
        return accepts(set);
    };
}
