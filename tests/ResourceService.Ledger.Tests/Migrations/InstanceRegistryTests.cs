using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Server.Nodes;
using Xunit;

namespace ResourceService.Ledger.Tests.Migrations;

public class InstanceRegistryTests
{
    private readonly InstanceRegistry _registry = new();
    private readonly DrivenMove _move = new(
        DrivenNode.Registered(Sample.Spec("node-1"), nodeKey: 1), DrivenNode.Registered(Sample.Spec("node-2"), nodeKey: 2));

    private Holding? Held => _registry.TryFind(_move.Instance, out var held) ? held : null;

    [Fact]
    public void An_instance_enters_one_claim_and_one_target_of_a_move()
    {
        var (other, third) = (new ClaimId(3, 3_000_001), new ClaimId(3, 3_000_002));

        Assert.True(_registry.TryEnter(_move.Instance, _move.SourceId));
        Assert.False(_registry.TryEnter(_move.Instance, other));
        Assert.False(_registry.TryEnterMove(_move.Instance, other, third));
        Assert.True(_registry.TryEnterMove(_move.Instance, _move.SourceId, other));
        Assert.False(_registry.TryEnterMove(_move.Instance, _move.SourceId, third));
        Assert.Equal(new Holding(_move.SourceId, other), Held);
        Assert.Equal([_move.SourceId, other], Held!.Value.Claims());

        _registry.Leave(_move.Instance, _move.SourceId);
        Assert.Equal((null, other), (Held!.Value.Primary, Held.Value.First));
        Assert.False(_registry.TryEnter(_move.Instance, third));
        _registry.Leave(_move.Instance, third);
        _registry.Leave(_move.Instance, other);
        Assert.Null(Held);
    }

    [Fact]
    public void A_second_claim_in_the_same_part_is_told()
    {
        Assert.True(_registry.Put(_move.Instance, _move.SourceId, ClaimRole.Primary));
        Assert.True(_registry.Put(_move.Instance, _move.SourceId, ClaimRole.Primary));
        Assert.False(_registry.Put(_move.Instance, new ClaimId(3, 100), ClaimRole.Primary));
    }

    [Fact]
    public void What_hosts_were_seen_to_run_of_an_instance_is_kept_beside_its_claims_one_on_each_node()
    {
        var (here, there) = (new ClaimId(1, 7), new ClaimId(2, 5));

        Assert.True(_registry.Put(_move.Instance, here, ClaimRole.Observed));
        Assert.True(_registry.Put(_move.Instance, there, ClaimRole.Observed));
        Assert.True(_registry.Put(_move.Instance, there, ClaimRole.Observed));
        Assert.Null(Held);
        Assert.True(_registry.TryEnter(_move.Instance, _move.SourceId));
        Assert.Equal([there, here], _registry.ObservedOf(_move.Instance));
        Assert.Equal((here, null), (_registry.ObservedOf(_move.Instance, 1), _registry.ObservedOf(_move.Instance, 3)));
        Assert.Equal([there, here, _move.SourceId], _registry.All.Select(entry => entry.Claim).OrderBy(claim => claim.Sequence));

        _registry.Leave(_move.Instance, here);
        Assert.Equal((false, true), (_registry.Holds(_move.Instance, here), _registry.Holds(_move.Instance, there)));
        _registry.Leave(_move.Instance, there);
        Assert.Empty(_registry.ObservedOf(_move.Instance));
        Assert.Equal(new Holding(_move.SourceId, null), Held);
    }

    // What a commit in doubt changed is known only when the nodes are read again, one after the other.
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_confirm_in_doubt_is_what_the_store_says_in_whatever_order_the_nodes_are_read(bool durable, bool sourceFirst)
    {
        EnterMove();
        var (source, target) = (_move.Source.View, _move.Target.View);
        _move.Confirm();

        Restore(durable ? _move.Source.View : source, durable ? _move.Target.View : target, sourceFirst);

        Assert.Equal(durable ? new Holding(_move.TargetId, null) : new Holding(_move.SourceId, _move.TargetId), Held);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_start_in_doubt_is_what_the_store_says(bool durable)
    {
        var before = _move.Target.View;
        EnterMove();

        _registry.Exchange(_move.Target.View, durable ? _move.Target.View : before);

        Assert.Equal(new Holding(_move.SourceId, durable ? _move.TargetId : null), Held);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_release_in_doubt_is_what_the_store_says_in_whatever_order_the_nodes_are_read(bool durable, bool sourceFirst)
    {
        EnterMove();
        var (source, target) = (_move.Source.View, _move.Target.View);
        _move.Release();

        Restore(durable ? _move.Source.View : source, durable ? _move.Target.View : target, sourceFirst);

        Assert.Equal(durable ? null : (Holding?)new Holding(_move.SourceId, _move.TargetId), Held);
    }

    private void EnterMove()
    {
        Assert.True(_registry.TryEnter(_move.Instance, _move.SourceId));
        _move.Start();
        Assert.True(_registry.TryEnterMove(_move.Instance, _move.SourceId, _move.TargetId));
    }

    // As a worker does it: what is thrown away is its newest picture, and what was lost and is not in the store leaves.
    private void Restore(NodeView source, NodeView target, bool sourceFirst)
    {
        (NodeView ThrownAway, NodeView Restored, ClaimId Lost)[] nodes =
            [(_move.Source.View, source, _move.SourceId), (_move.Target.View, target, _move.TargetId)];
        foreach (var (thrownAway, restored, lost) in sourceFirst ? nodes : Enumerable.Reverse(nodes))
        {
            _registry.Exchange(thrownAway, restored);
            if (!restored.Claims.ContainsKey(lost.Sequence))
                _registry.Leave(_move.Instance, lost);
        }
    }
}
