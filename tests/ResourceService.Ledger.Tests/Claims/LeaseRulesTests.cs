using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Claims;

/// <summary>What a start makes of leases that were written by another clock.</summary>
public class LeaseRulesTests
{
    private readonly DrivenNode _node = DrivenNode.Registered();

    [Theory]
    // Minutes from the claim to the start; what is left of a lease of ten minutes then.
    [InlineData(4, 6)]
    [InlineData(0, 10)]
    [InlineData(15, -5)]
    [InlineData(-1, 10)]
    [InlineData(-60 * 24 * 60, 10)]
    public void A_lease_ends_at_its_time_or_within_its_length(int minutesLater, int minutesLeft)
    {
        var claim = _node.Claim("instance-1", Sample.Amounts(1, 1));
        var start = Sample.Now.Add(TimeSpan.FromMinutes(minutesLater));

        var bounded = LeaseRules.AreBounded(_node.View, start);
        _node.Decide(node => LeaseRules.Bound(node, start));

        var after = _node.View.Claims[claim.Id.Sequence];
        Assert.Equal(start.Add(TimeSpan.FromMinutes(minutesLeft)), after.LeaseEnd);
        Assert.Equal(bounded, ReferenceEquals(claim, after));
        Assert.True(LeaseRules.AreBounded(_node.View, start));
    }

    [Theory]
    [InlineData(long.MaxValue / 2_000_000)]
    [InlineData(1_000L * 86_400 * 400)]
    public void A_lease_longer_than_any_ends_within_a_day(long leaseMs)
    {
        var claim = _node.Claim("instance-1", Sample.Amounts(1, 1), Sample.Now.Add(TimeSpan.FromMilliseconds(leaseMs)));

        var change = Assert.IsType<ClaimChanged>(Assert.Single(_node.Decide(node => LeaseRules.Bound(node, Sample.Now)).Changes));

        Assert.Equal((ChangeKind.ClaimRenewed, claim.Id), (change.Kind, change.After.Id));
        Assert.Equal(Sample.Now.Add(LeaseRules.SpanMax), change.After.LeaseEnd);
    }

    [Fact]
    public void A_move_and_its_target_are_shortened_together()
    {
        var target = DrivenNode.Registered(Sample.Spec("node-2"), nodeKey: 2);
        new DrivenMove(_node, target).Start(MigrationType.Evacuation);
        var before = Sample.Now.Add(-TimeSpan.FromDays(60));

        var change = Assert.IsType<MigrationChanged>(Assert.Single(target.Decide(node => LeaseRules.Bound(node, before)).Changes));

        Assert.Equal(before.Add(Sample.Lease), change.After.LeaseEnd);
        Assert.Equal(change.After.LeaseEnd, change.TargetAfter.LeaseEnd);
        Assert.Empty(LedgerInvariants.VerifyMigrations(target.View));
    }
}
