using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Storage.Tests.Contracts;

/// <summary>What every store keeps of nodes beside their reports: what owners set above them, and the names that they had.</summary>
public abstract class NodeContract(IStoreUnderTest underTest) : StoreContract(underTest)
{
    [Fact]
    public void What_owners_set_comes_back_above_the_report()
    {
        var node = DrivenNode.Registered(RichSample.Spec(), nodeKey: 3);
        node.Decide(view => FieldRules.Update(view, RichSample.Owner, default, null));
        node.Claim("instance-1", Sample.Amounts((new ResourceClass("CUSTOM_OWN"), 4)));
        Commit(node);
        Restart();
        AssertStored(node);

        node.Decide(view => NodeRules.Register(view, RichSample.Spec() with { Traits = [] }, null, Sample.Now));
        Commit(node);
        Restart();
        AssertStored(node);
    }

    [Fact]
    public void Nodes_that_exchange_their_names_come_back_with_all_they_hold_also_there_and_back_in_one_batch()
    {
        var (node, other) = (NewNode(1), new DrivenNode(NodeView.Unregistered(2, new NodeId("node-9"))));
        node.Claim("instance-1", Sample.Amounts(2, 512));
        node.Confirm(node.Claim("instance-2", Sample.Amounts(1, 512)));
        Commit(node);
        Commit(Renamed(node, other, "node-9"));
        Restart();
        // The one that was deleted with the old name is known, as any deleted node is.
        AssertStored(node, other);
        Assert.Equal([new PastName(5, 1, 2, new NodeId("node-1"), new NodeId("node-9"))], Reader.ListRenames());

        Commit(Renamed(node, other, "node-1"), Renamed(node, other, "node-9"));
        Restart();
        AssertStored(node, other);
        Assert.Equal(["node-9", "node-1", "node-9"], Reader.ListRenames().Select(renamed => renamed.New.Value));
        Assert.Equal(
            [ChangeKind.NodeDeleted, ChangeKind.NodeRenamed],
            Reader.ListEvents(new EventFilter { NodeKey = 2 }, limit: 100).Select(item => item.Kind).Take(2));
    }

    private static TestEntry Renamed(DrivenNode node, DrivenNode other, string name)
    {
        var decision = RenameRules.Rename(node.View, other.View, (node.View.Id, new NodeId(name)), "moved", null, Sample.Now);
        other.Apply(Decision.Accept(decision.OnOther!));
        node.Apply(Decision.Accept(decision.OnNode!));
        return new TestEntry(other, node);
    }
}
