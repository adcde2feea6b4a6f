using CsCheck;
using Xunit;

namespace ResourceService.Ledger.Tests.Candidates;

/// <summary>
/// Random lives of a fleet: at any moment the index answers as the predicate on every picture does. A failure prints the seed that
/// <c>CsCheck_Seed=SEED</c> replays.
/// </summary>
public class CandidateIndexProperties
{
    private const int StepCount = 1_500;
    private const int StepsBetweenSearches = 10;
    private const int NodesMax = 250;

    [Fact]
    public void Index_and_predicate_agree_on_nodes_order_and_counts() => Gen.Int.Positive.Sample(seed => Live(seed), iter: 20);

    [Fact]
    public void Random_lives_reach_fits_refusals_and_full_answers()
    {
        var (fits, refusals, cut) = (0, 0, 0);
        Gen.Int.Positive.Sample(
            seed =>
            {
                var seen = Live(seed);
                Interlocked.Add(ref fits, seen.Fits);
                Interlocked.Add(ref refusals, seen.Refusals);
                Interlocked.Add(ref cut, seen.Cut);
            },
            iter: 3);

        // Thousands, thousands and dozens are usual: were there none, the other property would prove nothing.
        Assert.True(fits > 500 && refusals > 5_000 && cut > 10, $"{fits} fits, {refusals} refusals, {cut} answers cut at their limit");
    }

    private static (int Fits, int Refusals, int Cut) Live(int seed)
    {
        var random = new Random(seed);
        var fleet = new RandomFleet(random, NodesMax);
        var (fits, refusals, cut) = (0, 0, 0);
        for (var step = 1; step <= StepCount; step++)
        {
            fleet.Step();
            if (step % StepsBetweenSearches != 0)
                continue;
            var query = fleet.Query();
            var limit = 1 + random.Next(random.Next(2) == 0 ? 10 : NodesMax);
            var expected = PlainSearch.Run(fleet.Nodes, query);

            var only = query.Filter.Only.Count == 0 ? null : fleet.KeysOf(query.Filter.Only);
            var found = fleet.Index.TrySearch(query, limit, fleet.KeysOf(query.Filter.Excluded), only);

            Assert.NotNull(found);
            Assert.Equal(expected.Fitting.Take(limit).Select(node => node.NodeKey), found.Nodes.Select(node => node.NodeKey));
            Assert.Equal(expected.Refusals, found.Refusals.MostFrequentFirst().ToDictionary(count => (count.Reason, count.Class), count => count.Nodes));
            Assert.Equal(expected.Examined, found.Refusals.Examined);
            fits += expected.Fitting.Count;
            refusals += expected.Refusals.Values.Sum();
            cut += expected.Fitting.Count > limit ? 1 : 0;
        }

        return (fits, refusals, cut);
    }
}
