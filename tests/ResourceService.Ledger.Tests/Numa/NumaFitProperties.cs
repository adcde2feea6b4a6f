using CsCheck;
using ResourceService.Ledger.Numa;
using Xunit;

namespace ResourceService.Ledger.Tests.Numa;

/// <summary>
/// Random hosts and requests, one for each seed. A failure names the seed it was made from; <c>CsCheck_Seed=SEED</c> replays the search that found
/// it.
/// </summary>
public class NumaFitProperties
{
    private const int ProblemCount = 5_000;

    private static readonly Gen<int> _seeds = Gen.Int[0, int.MaxValue];

    [Fact]
    public void Fit_finds_what_trying_everything_finds()
    {
        var (accepted, refused, vetoed) = (0, 0, 0);
        _seeds.Sample(
            seed =>
            {
                var problem = new RandomNuma(seed).Next();
                var expected = NumaReference.FirstSelection(problem);
                var cells = problem.Assign();
                Assert.Equal(expected is not null, cells is not null);
                Interlocked.Increment(ref expected is null ? ref refused : ref accepted);
                if (problem.Accepts is not null && expected is null && (problem with { Accepts = null }).Assign() is not null)
                    Interlocked.Increment(ref vetoed);
                if (cells is null)
                    return;
                Assert.Equal(expected!, cells.Select(cell => cell.HostCellId));
                Assert.Empty(NumaChecker.Faults(problem, cells));
            },
            iter: ProblemCount);

        // Were there hardly any of one kind, the property would say little.
        Assert.True(accepted > ProblemCount / 5 && refused > ProblemCount / 5 && vetoed > ProblemCount / 100, $"{accepted} {refused} {vetoed}");
    }

    [Fact]
    public void Claim_then_release_restores_the_host() => _seeds.Sample(
        seed =>
        {
            var problem = new RandomNuma(seed).Next();
            if (problem.Assign() is not { } cells)
                return;
            var after = problem.Usage.With(problem.Host, cells);
            Assert.Equal(problem.Usage, after.Without(problem.Host, cells));
            foreach (var (cell, i) in cells.Select((cell, i) => (cell, i)))
            {
                var place = problem.Host.IndexOf(cell.HostCellId);
                Assert.Equal(problem.Usage.Cells[place].MemoryUsedMb + problem.Request.Cells[i].MemoryMb, after.Cells[place].MemoryUsedMb);
                Assert.Equal(problem.Usage.Cells[place].PinnedCpus.Count + cell.OwnedCpus().Count, after.Cells[place].PinnedCpus.Count);
            }
        },
        iter: ProblemCount);

    [Fact]
    public void Same_problem_gives_the_same_answer() => _seeds.Sample(
        seed =>
        {
            var (first, second) = (new RandomNuma(seed).Next(), new RandomNuma(seed).Next());
            Assert.Equal(first.Assign(), first.Assign());
            Assert.Equal(first.Assign(), second.Assign());
            Assert.Equal(first.Explain(), second.Explain());
        },
        iter: ProblemCount);

    [Fact]
    public void Something_is_explained_exactly_when_the_cells_alone_refuse() => _seeds.Sample(
        seed =>
        {
            var problem = new RandomNuma(seed).Next() with { Accepts = null };
            Assert.Equal(problem.Assign() is null, problem.Explain().Count > 0);
        },
        iter: ProblemCount);

    [Fact]
    public void A_cell_that_is_explained_away_fits_alone_on_no_host_cell_it_is_refused_on() => _seeds.Sample(
        seed =>
        {
            var problem = new RandomNuma(seed).Next() with { Accepts = null, FreeDevices = [] };
            foreach (var dimension in problem.Explain().Where(dimension => dimension.HostCellId is not null))
            {
                // The emulator's CPU is asked for beside the first cell only.
                var cell = dimension.RequestCell!.Value;
                var emulator = cell == 0 ? problem.Request.EmulatorThreads : EmulatorThreadsPolicy.WithVcpus;
                var place = problem.Host.IndexOf(dimension.HostCellId!.Value);
                var alone = problem with
                {
                    Host = new NumaTopology([problem.Host.Cells[place]]),
                    Request = problem.Request with { Cells = [problem.Request.Cells[cell]], EmulatorThreads = emulator },
                };
                alone = alone with { Usage = OfOneCell(alone.Host, problem.Usage.Cells[place]) };
                Assert.Null(NumaReference.FirstSelection(alone));
            }
        },
        iter: ProblemCount / 5);

    private static NumaUsage OfOneCell(NumaTopology host, NumaCellUsage used) => Building.NumaSample.Use(
        NumaUsage.None(host), host, host.Cells[0].CellId, used.PinnedCpus, (int)used.SharedVcpuCount, used.MemoryUsedMb,
        host.Cells[0].PagePools.Select((pool, i) => (pool.SizeKb, used.PagesUsed[i])));
}
