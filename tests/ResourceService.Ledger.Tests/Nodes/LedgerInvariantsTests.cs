using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Nodes;

public class LedgerInvariantsTests
{
    private readonly DrivenNode _node = DrivenNode.Registered();

    public LedgerInvariantsTests()
    {
        _node.Claim("instance-1", Sample.Amounts(2, 512));
        _node.Confirm(_node.Claim("instance-2", Sample.Amounts(3, 256)));
    }

    [Fact]
    public void A_correct_node_has_no_difference() => Assert.Empty(LedgerInvariants.Verify(_node.View));

    [Fact]
    public void Usage_recorded_elsewhere_is_compared_with_the_claims() =>
        Assert.Equal(
            [new LedgerInvariants.UsageDifference(ResourceClass.Vcpu, 6, 5)],
            LedgerInvariants.Verify(_node.View, [768, 6]));

    [Fact]
    public void A_claim_that_is_not_counted_is_a_difference()
    {
        var forgotten = Sample.HeldClaim(new ClaimId(1, 7), Sample.Instance("instance-3"), Sample.Amounts((ResourceClass.Vcpu, 1)));
        var node = _node.View with { Claims = _node.View.Claims.Add(7, forgotten) };

        Assert.Equal([new LedgerInvariants.UsageDifference(ResourceClass.Vcpu, 5, 6)], LedgerInvariants.Verify(node));
    }

    [Fact]
    public void A_claimed_class_without_inventory_is_a_difference()
    {
        var homeless = Sample.HeldClaim(new ClaimId(1, 7), Sample.Instance("instance-3"), Sample.Amounts((ResourceClass.DiskGb, 9)));
        var node = _node.View with { Claims = _node.View.Claims.Add(7, homeless) };

        Assert.Equal([new LedgerInvariants.UsageDifference(ResourceClass.DiskGb, 0, 9)], LedgerInvariants.Verify(node));
    }

    [Fact]
    public void Restore_sums_usage_from_the_claims()
    {
        var restored = NodeView.Restore(_node.View with { Claims = _node.View.Claims.Clear() }, _node.View.Claims.Values, []);

        NodeViewAssert.Equal(_node.View, restored);
    }

    [Fact]
    public void Restore_of_a_claim_without_inventory_shows_in_the_verification()
    {
        var homeless = Sample.HeldClaim(new ClaimId(1, 7), Sample.Instance("instance-3"), Sample.Amounts((ResourceClass.DiskGb, 9)));

        var difference = Assert.Single(LedgerInvariants.Verify(NodeView.Restore(_node.View, [homeless], [])));

        Assert.Equal(new LedgerInvariants.UsageDifference(ResourceClass.DiskGb, Recorded: 0, Summed: 9), difference);
    }
}
