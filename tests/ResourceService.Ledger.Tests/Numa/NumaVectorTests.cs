using ResourceService.Ledger.Numa;
using ResourceService.Testing;
using Xunit;

namespace ResourceService.Ledger.Tests.Numa;

/// <summary>Nova's own decisions, made by running Nova, against the fit: the decision, the choice and the usage after it.</summary>
public class NumaVectorTests
{
    // Where we decide otherwise than the format says, on purpose, and why: nowhere.
    private static readonly Dictionary<string, string> _differences = new(StringComparer.Ordinal);

    [Fact]
    public void Fit_decides_and_chooses_as_nova_does()
    {
        var vectors = NumaVector.TryLoad();
        Assert.SkipWhen(vectors is null, VectorFiles.Missing);

        var (accepted, otherThreads) = (0, 0);
        var disagreements = new List<string>();
        foreach (var vector in vectors.Where(vector => !_differences.ContainsKey(vector.Id)))
        {
            var problem = vector.Input.ToProblem();
            var cells = problem.Assign();
            if (cells is not null != vector.Expected.ShouldFit)
                disagreements.Add($"{vector.Id}: fits is {cells is not null}");
            if (cells is null || !vector.Expected.ShouldFit)
                continue;

            accepted++;
            disagreements.AddRange(NumaChecker.Faults(problem, cells).Select(fault => $"{vector.Id}: {fault}"));
            var differences = Compare(vector, problem, cells, sameThreads: true);
            if (differences.Count > 0 && IsNumberedInTurn(vector))
            {
                otherThreads++;
                differences = Compare(vector, problem, cells, sameThreads: false);
            }

            disagreements.AddRange(differences.Select(difference => $"{vector.Id}: {difference}"));
            if (problem.Usage.With(problem.Host, cells).Without(problem.Host, cells) != problem.Usage)
                disagreements.Add($"{vector.Id}: release does not restore the host");
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{vectors.Count} vectors, {accepted} accepted; {otherThreads} of them take other threads of the same cores than Nova.");
        Assert.Empty(disagreements);
        Assert.True(accepted > 0 && accepted < vectors.Count, "vectors that all fit, or none, prove nothing");
        Assert.True(otherThreads <= accepted / 10, "only the order of a hash may differ");
    }

    // Where the threads of a core are not numbered one after the other, Nova takes them in the order of a hash.
    private static bool IsNumberedInTurn(NumaVector vector) => vector.Input.Host.Cells.Any(
        cell => cell.ThreadSiblings.Any(core => core[^1] - core[0] >= core.Length));

    private static List<string> Compare(NumaVector vector, NumaProblem problem, ValueList<CellAssignment> cells, bool sameThreads)
    {
        var differences = new List<string>();
        foreach (var expected in vector.Expected.Cells ?? [])
        {
            var given = cells[expected.RequestCellIndex];
            Same("host cell", expected.HostCell, given.HostCellId);
            Same("page size", expected.PageSizeKb ?? 0, given.PageSizeKb);
            Same("emulator CPUs", expected.EmulatorCpus?.Length ?? 0, given.EmulatorCpus.Count);
            Same("pinned vCPUs", expected.Pinning?.Count ?? 0, given.Pinning.Count);
            if (!sameThreads)
                continue;
            Same("emulator CPU", string.Join(',', expected.EmulatorCpus ?? []), string.Join(',', given.EmulatorCpus));
            foreach (var pin in given.Pinning)
                Same($"CPU of vCPU {pin.GuestCpu}", expected.Pinning!.GetValueOrDefault($"{pin.GuestCpu}", -1), pin.HostCpu);
        }

        var after = problem.Usage.With(problem.Host, cells);
        foreach (var expected in vector.Expected.HostAfter ?? [])
        {
            var place = problem.Host.IndexOf(expected.Id);
            var cell = after.Cells[place];
            Same("shared CPUs used", expected.SharedCpusUsed, cell.SharedVcpuCount);
            Same("memory used", expected.MemoryUsedMb, cell.MemoryUsedMb);
            Same("pinned CPUs", expected.PinnedCpus.Length, cell.PinnedCpus.Count);
            if (sameThreads)
                Same("pinned CPUs", string.Join(',', expected.PinnedCpus), string.Join(',', cell.PinnedCpus));
            foreach (var (pool, i) in problem.Host.Cells[place].PagePools.Select((pool, i) => (pool, i)))
                Same($"pages of {pool.SizeKb} KiB", expected.PagesUsed[$"{pool.SizeKb}"], cell.PagesUsed[i]);
        }

        return differences;

        void Same<T>(string what, T expected, T actual)
        {
            if (!Equals(expected, actual))
                differences.Add($"{what} is {actual}, not {expected}");
        }
    }
}
