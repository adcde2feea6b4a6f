using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Audits;

/// <summary>How many claims end with one report: a row for each bound, right at it and beyond it.</summary>
public class OrphanDriftTests
{
    [Theory]
    [InlineData(20, 20, 0, 0)]
    [InlineData(20, 20, 19, 0)]
    [InlineData(20, 20, 20, 20)]
    [InlineData(20, 20, int.MaxValue, 20)]
    [InlineData(20, 6, 0, 0)]
    [InlineData(20, 5, 0, 5)]
    [InlineData(3, 3, 0, 0)]
    [InlineData(2, 2, 0, 2)]
    [InlineData(1, 1, 0, 1)]
    public void More_than_a_share_of_a_node_is_released_only_when_its_number_is_confirmed(int claims, int orphans, int confirmed, int released)
    {
        var host = new AuditedHost(Roomy()) { Orphans = new OrphanBounds(confirmed, UnconfirmedMax: 2, UnconfirmedPercent: 25) };
        for (var i = 0; i < claims; i++)
            host.Claim($"vm-{i}");
        var picture = host.Picture();

        var audit = host.Heal(picture with { Instances = ValueList.From(picture.Instances.Skip(orphans)) });

        Assert.Equal(claims - released, host.View.Claims.Count);
        Assert.Equal(orphans, audit.Drifts.Count(drift => drift.Kind == DriftKind.OrphanedClaim));
        Assert.All(audit.Drifts, drift => Assert.Equal(released > 0 ? DriftAction.ClaimReleased : DriftAction.SkippedUnconfirmed, drift.Action));
        if (released == 0)
            Assert.Contains($"those of {orphans} of the node's {claims} ACTIVE claims: left alone, because so many", audit.Drifts[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Orphans_that_no_report_could_release_are_not_among_those_to_be_confirmed()
    {
        var host = new AuditedHost(Roomy());
        for (var i = 0; i < 4; i++)
        {
            var claim = host.Claim($"mover-{i}");
            host.Elsewhere[claim.Instance.Id.Value] = new HeldClaims(claim.Id, new ClaimId(2, 90 + i));
        }

        host.Claim("vm");

        var audit = host.Heal(host.Picture() with { Instances = [] });

        Assert.Equal(4, audit.Drifts.Count(drift => drift.Action == DriftAction.SkippedInFlight));
        Assert.Equal(DriftAction.ClaimReleased, Assert.Single(audit.Drifts, drift => drift.Action != DriftAction.SkippedInFlight).Action);
    }

    private static NodeSpec Roomy() => Sample.Spec(
        Sample.NodeName, (ResourceClass.Vcpu, Sample.Inventory(64)), (ResourceClass.MemoryMb, Sample.Inventory(65_536)));
}
