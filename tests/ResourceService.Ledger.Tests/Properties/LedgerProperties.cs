using CsCheck;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Properties;

/// <summary>
/// Random lives of a node. A failure prints the shortest life found and its seed; <c>CsCheck_Seed=SEED</c> replays it,
/// <c>CsCheck_Iter=1000000</c> tries more.
/// </summary>
public class LedgerProperties
{
    private const int LifeCount = 2_000;

    private static readonly NodeView _unregistered = NodeView.Unregistered(1, new NodeId(Sample.NodeName));

    [Fact]
    public void Ledger_does_what_the_model_does() => Operation.Lives.Sample(life => Live(life), iter: LifeCount);

    [Fact]
    public void Replay_of_the_changes_gives_the_ledger() => Operation.Lives.Sample(
        life =>
        {
            var node = Live(life).Node;
            var replayed = new NodeLedger(_unregistered);
            foreach (var applied in node.Changes)
                replayed.Apply(applied.Change);
            NodeViewAssert.Equal(node.View, replayed.View);
        },
        iter: LifeCount);

    [Fact]
    public void Claim_then_release_restores_the_usage() => Gen.Select(Operation.Lives, Gen.Long[1, 12], Gen.Long[1, 40]).Sample(
        (life, vcpus, memory) =>
        {
            var node = Live(life).Node;
            var before = node.View;
            var decision = node.TryClaim("the-last", Sample.Amounts(vcpus, memory));
            if (decision.Refusal is not null)
                return;

            node.Release(((ClaimChanged)decision.Changes[0]).After);
            Assert.Equal(before.Used.ToArray(), node.View.Used.ToArray());
            Assert.Equal(before.Claims.Values, node.View.Claims.Values);
            Assert.Equal(before.Generation + 2, node.View.Generation);
        },
        iter: LifeCount);

    [Fact]
    public void Random_lives_reach_refusals_and_overages()
    {
        var (refusals, overages) = (0, 0);
        Operation.Lives.Sample(
            life =>
            {
                var twins = Live(life);
                Interlocked.Add(ref refusals, twins.Refusals);
                Interlocked.Add(ref overages, twins.Overages);
            },
            iter: LifeCount);

        // Some tens of thousands and some thousands are usual: were there none, the other properties would prove nothing.
        Assert.True(refusals > LifeCount && overages > LifeCount / 10, $"{refusals} refusals, {overages} overages");
    }

    private static TwinLedgers Live(Operation[] life)
    {
        var twins = new TwinLedgers();
        foreach (var operation in life)
            twins.Run(operation);
        return twins;
    }
}
