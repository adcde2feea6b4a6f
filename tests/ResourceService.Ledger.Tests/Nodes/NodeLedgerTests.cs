using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Nodes;

/// <summary>Applying facts: what a correct ledger takes over, and the facts that must never reach it.</summary>
public class NodeLedgerTests
{
    private readonly DrivenNode _node = DrivenNode.Registered();

    [Fact]
    public void Each_change_raises_the_generation_by_one_and_sets_the_time()
    {
        var later = Sample.Now.Add(TimeSpan.FromMinutes(1));
        var before = _node.View;
        var applied = _node.Ledger.Apply(new NodeStateChanged(ChangeKind.NodeStateChanged, later, NodeState.Disabled, ""));

        Assert.Same(applied.After, _node.View);
        Assert.Equal((before.Generation + 1, later), (_node.View.Generation, _node.View.UpdateTime));
    }

    [Fact]
    public void A_picture_handed_out_never_changes()
    {
        var held = _node.Claim("instance-1", Sample.Amounts(2, 512));
        var picture = _node.View;
        _node.Claim("instance-2", Sample.Amounts(2, 512));
        _node.Release(held);

        Assert.Equal(Sample.Amounts(2, 512), picture.UsedByClass());
        Assert.Same(held, Assert.Single(picture.Claims).Value);
    }

    [Fact]
    public void Confirming_shares_the_usage_with_the_picture_before()
    {
        var held = _node.Claim("instance-1", Sample.Amounts(2, 512));
        var before = _node.View;
        _node.Confirm(held);

        Assert.True(before.Used == _node.View.Used);
    }

    [Fact]
    public void A_change_of_a_claim_that_is_not_as_it_is_breaks_an_invariant()
    {
        var held = _node.Claim("instance-1", Sample.Amounts(2, 512));
        _node.Confirm(held);

        AssertBroken(Change(held, held with { State = ClaimState.Released }));
    }

    [Fact]
    public void A_claim_that_begins_twice_breaks_an_invariant() =>
        AssertBroken(Change(null, _node.Claim("instance-1", Sample.Amounts(2, 512))));

    [Fact]
    public void A_change_of_a_claim_that_is_not_there_breaks_an_invariant()
    {
        var stranger = Sample.HeldClaim(new ClaimId(1, 7), Sample.Instance("instance-1"), Sample.Amounts(1, 1));

        AssertBroken(Change(stranger, stranger with { State = ClaimState.Released }));
    }

    [Fact]
    public void A_claim_of_a_class_without_inventory_breaks_an_invariant() =>
        AssertBroken(Change(
            null, Sample.HeldClaim(new ClaimId(1, 7), Sample.Instance("instance-1"), Sample.Amounts((ResourceClass.DiskGb, 1)))));

    [Fact]
    public void A_report_without_a_class_in_use_breaks_an_invariant()
    {
        _node.Claim("instance-1", Sample.Amounts(2, 512));

        AssertBroken(new NodeRegistered(ChangeKind.NodeUpdated, Sample.Now, NodeSpec.Unknown(_node.View.Id)));
    }

    [Fact]
    public void Usage_beyond_the_largest_amount_is_an_error_not_a_wrong_number()
    {
        _node.Claim("instance-1", Sample.Amounts(8, 512));
        var tooMuch = Sample.HeldClaim(new ClaimId(1, 7), Sample.Instance("instance-2"), Sample.Amounts((ResourceClass.Vcpu, long.MaxValue)));

        Assert.Throws<OverflowException>(() => _node.Ledger.Apply(Change(null, tooMuch)));
    }

    [Fact]
    public void A_poisoned_ledger_stays_poisoned()
    {
        Assert.False(_node.Ledger.Poisoned);
        _node.Ledger.Poison();
        _node.Claim("instance-1", Sample.Amounts(1, 1));
        Assert.True(_node.Ledger.Poisoned);
    }

    [Fact]
    public void A_node_that_returns_after_it_was_deleted_has_nothing_of_its_earlier_life_but_number_and_generation()
    {
        var aborted = _node.Claim("instance-1", Sample.Amounts(2, 512));
        _node.Decide(view => ClaimRules.Abort(view, aborted.Id, null, "no image", Sample.Now));
        _node.Decide(view => NodeRules.SetState(view, NodeState.Draining, "old disks", null, Sample.Now));
        var audit = new Audit(new AuditId(1, 1), AuditMode.Report, Sample.Now, Sample.Now, 1, 1, "agent", 0, 0, 0, []);
        _node.Ledger.Apply(new NodeAudited(Sample.Now, audit));
        _node.Decide(view => NodeRules.Delete(view, force: false, "", null, Sample.Now));
        var (deleted, later) = (_node.View, Sample.Now.Add(TimeSpan.FromDays(1)));

        _node.Decide(view => NodeRules.Register(view, view.Spec, null, later));

        NodeViewAssert.Equal(
            DrivenNode.Registered().View with { Generation = deleted.Generation + 1, RegisterTime = later, UpdateTime = later }, _node.View);
    }

    private ClaimChanged Change(Claim? before, Claim after) =>
        new(ChangeKind.ClaimReleased, Sample.Now, before, after with { Generation = _node.View.Generation + 1 }, "");

    private void AssertBroken(LedgerChange change)
    {
        var before = _node.View;
        Assert.Throws<InvariantBrokenException>(() => _node.Ledger.Apply(change));
        Assert.Same(before, _node.View);
    }
}
