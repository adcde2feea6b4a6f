using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Nodes;

/// <summary>Two nodes exchange their names: the refusals in guard order, then what becomes of each.</summary>
public sealed class RenameRulesTests
{
    private static readonly (NodeId Old, NodeId New) _names = (new NodeId(Sample.NodeName), new NodeId("node-2"));
    private static readonly NodeView _used = Used().View;
    private static readonly NodeView _unknown = NodeView.Unregistered(2, _names.New);
    private static readonly NodeView _registered = Registered(Sample.Spec("node-2")).View;

    private static readonly Dictionary<string, (Func<RenameDecision> Ask, RefusalKind Expected)> _rows = new(StringComparer.Ordinal)
    {
        ["no such node"] = (() => Rename(NodeView.Unregistered(1, _names.Old), _unknown, 7), RefusalKind.NodeNotFound),
        ["a node that got another name meanwhile"] =
            (() => RenameRules.Rename(_used, _unknown, (new NodeId("node-0"), _names.New), "", null, Sample.Now), RefusalKind.NodeNotFound),
        ["a new name that went to another node meanwhile"] =
            (() => RenameRules.Rename(_used, _registered, (_names.Old, new NodeId("node-3")), "", null, Sample.Now), RefusalKind.NodeNotFound),
        ["stale"] = (() => Rename(_used, Holding().View, 1), RefusalKind.StaleGeneration),
        ["the new name's node holds claims"] = (() => Rename(_used, Holding().View, null), RefusalKind.NodeHoldsClaims),
        ["the new name's report lacks a class in use"] =
            (() => Rename(_used, Registered(Sample.Spec("node-2", (ResourceClass.Vcpu, Sample.Inventory(8)))).View, null), RefusalKind.InventoryInUse),
        ["too many owners on both"] = (() => Rename(Owned(_names.Old, 1, 0, 9), Owned(_names.New, 2, 9, 8), null), RefusalKind.OutcomeInvalid),
    };

    public static TheoryData<string> Rows => [.. _rows.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_first_guard_in_order_refuses(string row)
    {
        var decision = _rows[row].Ask();

        Assert.Equal((_rows[row].Expected, null, null), (decision.Refusal?.Kind, decision.OnNode, decision.OnOther));
    }

    [Fact]
    public void The_node_goes_on_under_its_new_name_and_the_old_one_is_deleted()
    {
        var (node, other) = Apply(_used, _unknown);

        Assert.Equal((_names.New, 1, NodeState.Draining, "kernel"), (node.Id, node.NodeKey, node.State, node.StateReason));
        Assert.Equal(_used.Spec with { Id = _names.New }, node.Spec);
        Assert.Equal(_used.UsedByClass(), node.UsedByClass());
        Assert.Equal(_used.Claims.Values.Select(claim => claim with { Generation = node.Generation }), node.Claims.Values);
        Assert.Equal((_names.Old, 2, NodeState.Absent), (other.Id, other.NodeKey, other.State));
        Assert.Equal((_used.Generation + 1, _used.Generation + 1), (node.Generation, other.Generation));
        Assert.Empty(LedgerInvariants.Verify(node));
    }

    [Fact]
    public void What_the_host_reported_under_its_new_name_counts_and_the_claims_stay()
    {
        var registered = Registered(Sample.Spec("node-2", (ResourceClass.MemoryMb, Sample.Inventory(100)), (ResourceClass.Vcpu, Sample.Inventory(1))));
        for (var i = 0; i < 20; i++)
            registered.Decide(view => NodeRules.SetState(view, NodeState.Disabled, $"{i}", null, Sample.Now));
        var (node, other) = Apply(_used, registered.View);

        Assert.Equal(registered.View.Spec, node.Spec);
        Assert.Equal([-412, -1], Enumerable.Range(0, 2).Select(node.FreeAt));
        Assert.Equal((NodeState.Draining, 22L, 22L), (node.State, node.Generation, other.Generation));
    }

    [Theory]
    [InlineData(NodeState.Enabled, NodeState.Enabled, NodeState.Enabled)]
    [InlineData(NodeState.Enabled, NodeState.Disabled, NodeState.Disabled)]
    [InlineData(NodeState.Draining, NodeState.Disabled, NodeState.Draining)]
    public void A_state_that_somebody_chose_outlives_the_first_one(NodeState state, NodeState ofNew, NodeState expected) =>
        Assert.Equal(expected, Apply(_used with { State = state }, _registered with { State = ofNew }).Node.State);

    [Fact]
    public void What_owners_set_on_either_counts_and_that_of_the_new_name_first()
    {
        var (node, _) = Apply(Owned(_names.Old, 1, 0, 3), Owned(_names.New, 2, 2, 2));

        Assert.Equal(["owner-0", "owner-1", "owner-2", "owner-3"], node.Spec.Owners.Select(owner => owner.Owner));
        Assert.Equal(["node-1", "node-1", "node-2", "node-2"], node.Spec.Labels.Select(label => label.Value));
    }

    [Fact]
    public void Who_comes_back_under_the_old_name_is_another_node()
    {
        var (_, other) = Apply(_used, _unknown);
        var back = new DrivenNode(other);
        back.Decide(view => NodeRules.Register(view, Sample.Spec(), 0, Sample.Now));

        Assert.Equal((_used.Generation + 2, NodeState.Enabled, 0), (back.View.Generation, back.View.State, back.View.Claims.Count));
    }

    private static RenameDecision Rename(NodeView node, NodeView other, long? generation) =>
        RenameRules.Rename(node, other, _names, "moved", generation, Sample.Now);

    private static (NodeView Node, NodeView Other) Apply(NodeView node, NodeView other)
    {
        var decision = Rename(node, other, null);
        var taking = new NodeLedger(other);
        foreach (var change in decision.Released)
            taking.Apply(change);
        return (new NodeLedger(node).Apply(decision.OnNode!).After, taking.Apply(decision.OnOther!).After);
    }

    private static DrivenNode Registered(NodeSpec spec) => DrivenNode.Registered(spec, nodeKey: 2);

    private static DrivenNode Used()
    {
        var node = DrivenNode.Registered();
        node.Claim("held", Sample.Amounts(1, 256));
        node.Confirm(node.Claim("active", Sample.Amounts(1, 256)));
        node.Decide(view => NodeRules.SetState(view, NodeState.Draining, "kernel", null, Sample.Now));
        return node;
    }

    private static DrivenNode Holding()
    {
        var node = Registered(Sample.Spec("node-2"));
        node.Claim("other", Sample.Amounts(1, 256));
        return node;
    }

    private static NodeView Owned(NodeId id, int nodeKey, int first, int count)
    {
        var node = DrivenNode.Registered(Sample.Spec(id.Value), nodeKey);
        for (var i = first; i < first + count; i++)
        {
            var fields = new OwnedFields($"owner-{i}", "operator", Sample.Now, [], [], [KeyValuePair.Create($"key-{i}", id.Value)]);
            node.Decide(view => FieldRules.Update(view, fields, default, null));
        }

        return node.View;
    }
}
