using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Claims;

/// <summary>What each step of a claim's life changes when it is accepted.</summary>
public class ClaimRulesTests
{
    private static readonly Instant _later = Sample.Now.Add(TimeSpan.FromMinutes(1));

    private readonly DrivenNode _node = DrivenNode.Registered();

    [Fact]
    public void A_claim_that_fits_is_held_under_its_lease()
    {
        var claim = _node.Claim("instance-1", Sample.Amounts(2, 512));

        Assert.Equal((ClaimState.Held, (Instant?)Sample.LeaseEnd), (claim.State, claim.LeaseEnd));
        Assert.Same(claim, _node.View.Claims[claim.Id.Sequence]);
        Assert.Equal(Sample.Amounts(2, 512), _node.View.UsedByClass());
    }

    [Fact]
    public void A_claim_at_the_callers_generation_is_admitted()
    {
        var candidate = Sample.HeldClaim(new ClaimId(1, 7), Sample.Instance("instance-1"), Sample.Amounts(1, 1));

        Assert.Null(ClaimRules.Claim(_node.View, Sample.Request(candidate.Amounts), _node.View.Generation, candidate).Refusal);
    }

    [Fact]
    public void A_claim_at_the_generation_before_others_of_its_decision_is_admitted_on_what_they_leave()
    {
        var node = DrivenNode.Registered();
        var before = node.View;
        node.Claim("instance-1", Sample.Amounts(2, 512));
        var candidate = Sample.HeldClaim(node.NextClaimId(), Sample.Instance("instance-2"), Sample.Amounts(2, 512));

        var second = ClaimRules.Claim(node.View, candidate.Request, before.Generation, candidate, reported: before);
        var late = ClaimRules.Claim(node.View, candidate.Request, node.View.Generation, candidate, reported: before);

        Assert.Equal(node.View.Generation + 1, ((ClaimChanged)second.Changes[0]).After.Generation);
        Assert.Equal(RefusalKind.StaleGeneration, late.Refusal?.Kind);
    }

    [Fact]
    public void Confirm_ends_the_lease_and_keeps_the_amounts()
    {
        var held = _node.Claim("instance-1", Sample.Amounts(2, 512));
        var decision = _node.Decide(node => ClaimRules.Confirm(node, held.Id, null, _later));

        Assert.Equal(ChangeKind.ClaimConfirmed, Assert.Single(decision.Changes).Kind);
        Assert.Equal(held with { State = ClaimState.Active, LeaseEnd = null, UpdateTime = _later, Generation = _node.View.Generation }, _node.View.Claims[held.Id.Sequence]);
        Assert.Equal(Sample.Amounts(2, 512), _node.View.UsedByClass());
    }

    [Fact]
    public void Confirm_of_an_active_claim_changes_nothing_even_after_the_lease_would_have_ended()
    {
        var active = _node.Confirm(_node.Claim("instance-1", Sample.Amounts(2, 512)));

        Assert.Equal(Decision.Unchanged, ClaimRules.Confirm(_node.View, active.Id, null, Sample.LeaseEnd.Add(TimeSpan.FromDays(1))));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(60)]
    public void Renew_moves_the_end_of_the_lease_either_way(int minutes)
    {
        var held = _node.Claim("instance-1", Sample.Amounts(2, 512));
        var end = Sample.Now.Add(TimeSpan.FromMinutes(minutes));
        _node.Decide(node => ClaimRules.Renew(node, held.Id, null, end, _later));

        Assert.Equal(held with { LeaseEnd = end, UpdateTime = _later, Generation = _node.View.Generation }, _node.View.Claims[held.Id.Sequence]);
    }

    [Fact]
    public void Abort_frees_the_amounts_and_counts_a_failed_build_until_one_succeeds()
    {
        foreach (var instance in new[] { "instance-1", "instance-2" })
        {
            var claim = _node.Claim(instance, Sample.Amounts(2, 512));
            _node.Decide(node => ClaimRules.Abort(node, claim.Id, null, "no image", _later));
        }

        Assert.Equal((2, 0), (_node.View.FailedBuilds, _node.View.Claims.Count));
        Assert.Empty(_node.View.UsedByClass());

        _node.Confirm(_node.Claim("instance-3", Sample.Amounts(2, 512)));
        Assert.Equal(0, _node.View.FailedBuilds);
    }

    [Fact]
    public void Abort_works_after_the_lease_ended_as_long_as_the_claim_has_not_expired()
    {
        var held = _node.Claim("instance-1", Sample.Amounts(2, 512));

        Assert.Null(ClaimRules.Abort(_node.View, held.Id, null, "", Sample.LeaseEnd).Refusal);
    }

    [Fact]
    public void Confirm_of_an_active_claim_changes_nothing_whatever_generation_is_expected()
    {
        var active = _node.Confirm(_node.Claim("instance-1", Sample.Amounts(2, 512)));

        Assert.Equal(Decision.Unchanged, ClaimRules.Confirm(_node.View, active.Id, _node.View.Generation - 1, _later));
    }

    [Fact]
    public void Release_ends_held_and_active_claims_with_the_callers_reason()
    {
        var held = _node.Claim("instance-1", Sample.Amounts(2, 512));
        var active = _node.Confirm(_node.Claim("instance-2", Sample.Amounts(2, 512)));
        foreach (var claim in new[] { held, active })
        {
            var released = ((ClaimChanged)_node.Decide(node => ClaimRules.Release(node, claim.Id, null, "deleted", _later)).Changes[0]).After;
            Assert.Equal(claim with { State = ClaimState.Released, LeaseEnd = null, UpdateTime = _later, Reason = "deleted", Generation = released.Generation }, released);
        }

        Assert.Empty(_node.View.Claims);
        Assert.Empty(_node.View.UsedByClass());
    }

    [Fact]
    public void Expire_ends_the_held_claims_whose_lease_is_over_and_no_other()
    {
        var over = _node.Claim("instance-1", Sample.Amounts(1, 1), leaseEnd: _later);
        _node.Claim("instance-2", Sample.Amounts(1, 1), leaseEnd: _later.Add(TimeSpan.FromMilliseconds(1)));
        _node.Confirm(_node.Claim("instance-3", Sample.Amounts(1, 1), leaseEnd: _later));

        var ended = ((ClaimChanged)Assert.Single(_node.Decide(node => ClaimRules.Expire(node, _later)).Changes)).After;

        Assert.Equal((over.Id, ClaimState.Expired), (ended.Id, ended.State));
        Assert.Equal(["instance-2", "instance-3"], _node.View.Claims.Values.Select(claim => claim.Instance.Id.Value));
        Assert.Equal(Decision.Unchanged, ClaimRules.Expire(_node.View, _later));
    }

    [Fact]
    public void Update_keeps_everything_but_the_instance_and_telling_the_same_again_changes_nothing()
    {
        var held = _node.Claim("instance-1", Sample.Amounts(2, 512));
        Decision Update() => _node.Decide(node => ClaimRules.UpdateInstance(
            node, held.Id, null, instance => instance with { VmState = "active", TaskState = "" }, _later));

        Assert.Single(Update().Changes);
        Assert.Equal(
            held with { Instance = held.Instance with { VmState = "active" }, UpdateTime = _later, Generation = _node.View.Generation }, _node.View.Claims[held.Id.Sequence]);
        Assert.Equal(Decision.Unchanged, Update());
    }

    [Fact]
    public void Claims_end_in_any_state_of_their_node()
    {
        var claim = _node.Claim("instance-1", Sample.Amounts(2, 512));
        _node.Decide(node => NodeRules.SetState(node, NodeState.Draining, "", null, Sample.Now));

        Assert.Null(ClaimRules.Confirm(_node.View, claim.Id, null, _later).Refusal);
        Assert.Null(ClaimRules.Release(_node.View, claim.Id, null, "", _later).Refusal);
    }
}
