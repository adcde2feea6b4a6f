using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Nodes;

/// <summary>The life of a node: its refusal table in guard order (existence, generation, constraints), then what accepted steps change.</summary>
public class NodeRulesTests
{
    private const long Stale = 1;

    private static readonly Instant _now = Sample.Now;
    private static readonly NodeView _unknown = NodeView.Unregistered(2, new NodeId("node-2"));
    private static readonly NodeView _used = UsedNode().View;
    private static readonly NodeSpec _withoutMemory = Sample.Spec(Sample.NodeName, (ResourceClass.Vcpu, Sample.Inventory(8)));

    private static readonly Dictionary<string, (Func<Decision> Ask, RefusalKind Expected)> _rows = new(StringComparer.Ordinal)
    {
        ["register: stale"] = (() => NodeRules.Register(_used, Sample.Spec(), Stale, _now), RefusalKind.StaleGeneration),
        ["register: a generation of a node never seen"] = (() => NodeRules.Register(_unknown, Sample.Spec("node-2"), 5, _now), RefusalKind.StaleGeneration),
        ["register: stale, without a class in use as well"] = (() => NodeRules.Register(_used, _withoutMemory, Stale, _now), RefusalKind.StaleGeneration),
        ["register: without a class in use"] = (() => NodeRules.Register(_used, _withoutMemory, null, _now), RefusalKind.InventoryInUse),
        ["set state: no such node"] = (() => NodeRules.SetState(_unknown, NodeState.Enabled, "", Stale, _now), RefusalKind.NodeNotFound),
        ["set state: stale"] = (() => NodeRules.SetState(_used, NodeState.Enabled, "", Stale, _now), RefusalKind.StaleGeneration),
        ["delete: no such node"] = (() => NodeRules.Delete(_unknown, true, "", Stale, _now), RefusalKind.NodeNotFound),
        ["delete: stale"] = (() => NodeRules.Delete(_used, true, "", Stale, _now), RefusalKind.StaleGeneration),
        ["delete: holds claims"] = (() => NodeRules.Delete(_used, false, "", null, _now), RefusalKind.NodeHoldsClaims),
        ["delete: holds claims, stale as well"] = (() => NodeRules.Delete(_used, false, "", Stale, _now), RefusalKind.StaleGeneration),
    };

    public static TheoryData<string> Rows => [.. _rows.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_first_guard_in_order_refuses_and_nothing_is_decided(string row)
    {
        var decision = _rows[row].Ask();

        Assert.Equal(_rows[row].Expected, decision.Refusal?.Kind);
        Assert.Empty(decision.Changes);
    }

    [Fact]
    public void A_first_report_registers_an_enabled_node()
    {
        var node = DrivenNode.Registered();

        Assert.Equal((NodeState.Enabled, 1L, _now), (node.View.State, node.View.Generation, node.View.RegisterTime));
        Assert.Equal(ChangeKind.NodeRegistered, Assert.Single(node.Changes).Change.Kind);
    }

    [Fact]
    public void The_same_report_again_changes_nothing() =>
        Assert.Equal(Decision.Unchanged, NodeRules.Register(_used, Sample.Spec(), _used.Generation, _now));

    [Fact]
    public void Another_report_keeps_claims_state_and_the_time_of_registration()
    {
        var node = UsedNode();
        node.Decide(view => NodeRules.SetState(view, NodeState.Draining, "kernel", null, _now));
        var before = node.View;
        var spec = Sample.Spec(
            Sample.NodeName, (ResourceClass.DiskGb, Sample.Inventory(100)), (ResourceClass.MemoryMb, Sample.Inventory(1)),
            (ResourceClass.Vcpu, Sample.Inventory(1)));
        node.Decide(view => NodeRules.Register(view, spec, null, _now.Add(TimeSpan.FromHours(1))));

        Assert.Equal(ChangeKind.NodeUpdated, node.Changes[^1].Change.Kind);
        Assert.Equal((before.State, "kernel", before.RegisterTime), (node.View.State, node.View.StateReason, node.View.RegisterTime));
        Assert.Same(before.Claims, node.View.Claims);
        // Capacity fell below use: the one legal overage.
        Assert.Equal(before.UsedByClass(), node.View.UsedByClass());
        Assert.Equal([100, -511, -1], Enumerable.Range(0, 3).Select(node.View.FreeAt));
    }

    [Fact]
    public void A_class_without_use_may_go_away_and_come_back()
    {
        var node = DrivenNode.Registered();
        node.Decide(view => NodeRules.Register(view, _withoutMemory, null, _now));
        Assert.Equal(Sample.Amounts((ResourceClass.Vcpu, 8)), node.View.CapacityByClass());

        node.Decide(view => NodeRules.Register(view, Sample.Spec(), null, _now));
        Assert.Equal(Sample.Amounts(8, 16_384), node.View.CapacityByClass());
    }

    [Fact]
    public void Telling_the_same_state_and_reason_again_changes_nothing()
    {
        var node = DrivenNode.Registered();
        Decision Disable(string reason) => node.Decide(view => NodeRules.SetState(view, NodeState.Disabled, reason, null, _now));

        Assert.Single(Disable("kernel").Changes);
        Assert.Equal(Decision.Unchanged, Disable("kernel"));
        Assert.Single(Disable("disk").Changes);
    }

    [Fact]
    public void Delete_by_force_releases_each_claim_by_a_change_of_its_own_and_the_node_last()
    {
        var node = UsedNode();
        var decision = node.Decide(view => NodeRules.Delete(view, true, "gone", null, _now));

        Assert.Equal([ChangeKind.ClaimReleased, ChangeKind.ClaimReleased, ChangeKind.NodeDeleted], decision.Changes.Select(change => change.Kind));
        Assert.Equal((NodeState.Absent, "gone", false), (node.View.State, node.View.StateReason, node.View.Exists));
        Assert.Empty(node.View.Claims);
        Assert.Empty(node.View.UsedByClass());
    }

    [Fact]
    public void A_deleted_node_that_comes_back_is_enabled_and_its_generation_goes_on()
    {
        var node = DrivenNode.Registered();
        node.Decide(view => NodeRules.Delete(view, false, "gone", null, _now));
        var returned = _now.Add(TimeSpan.FromHours(1));
        var decision = node.Decide(view => NodeRules.Register(view, Sample.Spec(), null, returned));

        Assert.Equal(ChangeKind.NodeRegistered, Assert.Single(decision.Changes).Kind);
        Assert.Equal((NodeState.Enabled, "", returned, 3L), (node.View.State, node.View.StateReason, node.View.RegisterTime, node.View.Generation));
    }

    private static DrivenNode UsedNode()
    {
        var node = DrivenNode.Registered();
        node.Claim("held", Sample.Amounts(1, 256));
        node.Confirm(node.Claim("active", Sample.Amounts(1, 256)));
        return node;
    }
}
