using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Claims;

/// <summary>
/// The refusal table of the claim's steps, in guard order: existence, state, generation, the claim's own state, fit. Rows where several guards
/// would refuse show which comes first.
/// </summary>
public class ClaimRulesRefusalTests
{
    private const long Stale = 1;

    private static readonly Instant _now = Sample.Now;
    private static readonly Instant _late = Sample.LeaseEnd;

    private static readonly DrivenNode _enabled = Node(NodeState.Enabled, out _held, out _active);
    private static readonly DrivenNode _disabled = Node(NodeState.Disabled, out _, out _);
    private static readonly DrivenNode _draining = Node(NodeState.Draining, out _, out _);
    private static readonly NodeView _unknown = NodeView.Unregistered(2, new NodeId("node-2"));
    private static readonly ClaimId _gone = new(1, 999);

    private static readonly Claim _held;
    private static readonly Claim _active;

    private static readonly Dictionary<string, (Func<Decision> Ask, RefusalKind Expected)> _rows = new(StringComparer.Ordinal)
    {
        ["claim: no such node"] = (() => ClaimOn(_unknown, 1, null), RefusalKind.NodeNotFound),
        ["claim: no such node, stale as well"] = (() => ClaimOn(_unknown, 1, Stale), RefusalKind.NodeNotFound),
        ["claim: disabled"] = (() => ClaimOn(_disabled.View, 1, null), RefusalKind.NodeNotEnabled),
        ["claim: draining"] = (() => ClaimOn(_draining.View, 1, null), RefusalKind.NodeNotEnabled),
        ["claim: disabled, stale and too large as well"] = (() => ClaimOn(_disabled.View, 99, Stale), RefusalKind.NodeNotEnabled),
        ["claim: stale"] = (() => ClaimOn(_enabled.View, 1, Stale), RefusalKind.StaleGeneration),
        ["claim: a generation to come"] = (() => ClaimOn(_enabled.View, 1, _enabled.View.Generation + 1), RefusalKind.StaleGeneration),
        ["claim: stale, too large as well"] = (() => ClaimOn(_enabled.View, 99, Stale), RefusalKind.StaleGeneration),
        ["claim: too large"] = (() => ClaimOn(_enabled.View, 99, _enabled.View.Generation), RefusalKind.DoesNotFit),
        ["confirm: no such claim"] = (() => ClaimRules.Confirm(_enabled.View, _gone, null, _now), RefusalKind.ClaimNotLive),
        ["confirm: no such claim, stale as well"] = (() => ClaimRules.Confirm(_enabled.View, _gone, Stale, _now), RefusalKind.ClaimNotLive),
        ["confirm: stale"] = (() => ClaimRules.Confirm(_enabled.View, _held.Id, Stale, _now), RefusalKind.StaleGeneration),
        ["confirm: in the lease's last millisecond"] = (() => ClaimRules.Confirm(_enabled.View, _held.Id, null, _late), RefusalKind.ClaimWrongState),
        ["renew: no such claim"] = (() => ClaimRules.Renew(_enabled.View, _gone, null, _late, _now), RefusalKind.ClaimNotLive),
        ["renew: stale"] = (() => ClaimRules.Renew(_enabled.View, _held.Id, Stale, _late, _now), RefusalKind.StaleGeneration),
        ["renew: active"] = (() => ClaimRules.Renew(_enabled.View, _active.Id, null, _late, _now), RefusalKind.ClaimWrongState),
        ["renew: the lease is over"] =
            (() => ClaimRules.Renew(_enabled.View, _held.Id, null, _late.Add(TimeSpan.FromHours(1)), _late), RefusalKind.ClaimWrongState),
        ["abort: no such claim"] = (() => ClaimRules.Abort(_enabled.View, _gone, null, "", _now), RefusalKind.ClaimNotLive),
        ["abort: stale"] = (() => ClaimRules.Abort(_enabled.View, _held.Id, Stale, "", _now), RefusalKind.StaleGeneration),
        ["abort: active"] = (() => ClaimRules.Abort(_enabled.View, _active.Id, null, "", _now), RefusalKind.ClaimWrongState),
        ["release: no such claim"] = (() => ClaimRules.Release(_enabled.View, _gone, null, "", _now), RefusalKind.ClaimNotLive),
        ["release: stale"] = (() => ClaimRules.Release(_enabled.View, _active.Id, Stale, "", _now), RefusalKind.StaleGeneration),
        ["update: no such claim"] = (() => ClaimRules.UpdateInstance(_enabled.View, _gone, null, Rename, _now), RefusalKind.ClaimNotLive),
        ["update: stale"] = (() => ClaimRules.UpdateInstance(_enabled.View, _held.Id, Stale, Rename, _now), RefusalKind.StaleGeneration),
    };

    public static TheoryData<string> Rows => [.. _rows.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_first_guard_in_order_refuses_and_nothing_is_decided(string row)
    {
        var decision = _rows[row].Ask();

        Assert.Equal(_rows[row].Expected, decision.Refusal?.Kind);
        Assert.Empty(decision.Changes);
        Assert.EndsWith(".", decision.Refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_that_does_not_fit_is_told_every_dimension()
    {
        var refusal = ClaimOn(_enabled.View, Sample.Amounts(99, 99_999), null).Refusal!;

        Assert.Equal(["MEMORY_MB", "VCPU"], refusal.Dimensions.Select(dimension => dimension.Subject));
        Assert.All(refusal.Dimensions, dimension => Assert.Contains(dimension.ToString(), refusal.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_stale_caller_is_told_the_generation() =>
        Assert.Contains(
            KeyValuePair.Create("generation", _enabled.View.Generation.ToString()), ClaimOn(_enabled.View, 1, Stale).Refusal!.Metadata);

    [Fact]
    public void A_second_claim_of_an_instance_is_told_the_first()
    {
        var refusal = ClaimRules.AlreadyClaimed(_held.Instance.Id, _held.Id);

        Assert.Equal(RefusalKind.InstanceAlreadyClaimed, refusal.Kind);
        Assert.Contains(KeyValuePair.Create("claim_id", _held.Id.ToString()), refusal.Metadata);
    }

    private static DrivenNode Node(NodeState state, out Claim held, out Claim active)
    {
        var node = DrivenNode.Registered();
        held = node.Claim("held", Sample.Amounts(1, 512));
        active = node.Confirm(node.Claim("active", Sample.Amounts(1, 512)));
        node.Decide(view => NodeRules.SetState(view, state, "", null, Sample.Now));
        return node;
    }

    private static Decision ClaimOn(NodeView node, long vcpus, long? generation) => ClaimOn(node, Sample.Amounts(vcpus, 1), generation);

    private static Decision ClaimOn(NodeView node, ResourceAmounts amounts, long? generation) =>
        ClaimRules.Claim(
            node, Sample.Request(amounts), generation, Sample.HeldClaim(new ClaimId(node.NodeKey, 1_000), Sample.Instance("new"), amounts));

    private static Instance Rename(Instance instance) => instance with { VmState = "stopped" };
}
