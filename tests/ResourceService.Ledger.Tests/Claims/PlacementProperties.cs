using System.Globalization;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Tests.Numa;
using Xunit;

namespace ResourceService.Ledger.Tests.Claims;

/// <summary>
/// Cells and devices together, on random small hosts with overlapping requests, policies and families: the decision against trying every selection of
/// cells with every assignment of devices. RESOURCESERVICE_SEED=7 RESOURCESERVICE_STEPS=10000 makes another and longer run.
/// </summary>
public class PlacementProperties
{
    private const int HostCount = 400;

    [Fact]
    public void Fit_finds_what_trying_everything_finds()
    {
        var (first, count) = (Number("RESOURCESERVICE_SEED", 1), Number("RESOURCESERVICE_STEPS", HostCount));
        var (accepted, matched, refused, moved) = (0, 0, 0, 0);
        for (var seed = first; seed < first + count; seed++)
        {
            var host = new RandomPlacement(seed);
            var expected = NumaReference.FirstSelection(host.Problem(ids => host.DevicesWillDo(ids)));
            var reason = FitRules.Fit(host.Node, host.Request, out var given);

            Assert.True(expected is null == (reason != RefusalReason.None), $"seed {seed}: expected {Show(expected)}, found {reason}");
            if (expected is null)
            {
                refused++;
                var explained = FitRules.Explain(host.Node, host.Request);
                Assert.True(explained.Count > 0, $"seed {seed}: a refusal says why");
                Assert.DoesNotContain(explained, dimension => dimension.Reason == RefusalReason.SearchLimit);
                continue;
            }

            Assert.Empty(FitRules.Explain(host.Node, host.Request));
            Assert.Equal(expected, given.Cells.Select(cell => cell.HostCellId));
            Assert.Empty(NumaChecker.Faults(host.Problem(null), given.Cells));
            Assert.Empty(host.Reference(expected).Faults(host.Request.Devices, given.Devices));
            accepted++;
            matched += host.Reference(expected).Give(host.Request.Devices) is null ? 1 : 0;
            moved += NumaReference.FirstSelection(host.Problem(_ => true))!.SequenceEqual(expected) ? 0 : 1;
        }

        var counts = $"Seeds from {first}: {accepted} accepted, {matched} by matching, {moved} on other cells for the devices; {refused} refused.";
        TestContext.Current.TestOutputHelper?.WriteLine(counts);
        Assert.True(accepted > count / 10 && refused > count / 10 && matched > count / 1_000 && moved > count / 100, counts);
    }

    private static int Number(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static string Show(int[]? cells) => cells is null ? "none" : string.Join(',', cells);
}
