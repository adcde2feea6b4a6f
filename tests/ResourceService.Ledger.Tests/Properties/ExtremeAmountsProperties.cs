using System.Numerics;
using CsCheck;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Properties;

/// <summary>
/// Lives of a node whose numbers are the smallest and the largest that may be, against sums that cannot overflow. What a failure prints replays it:
/// <c>CsCheck_Seed=SEED</c>.
/// </summary>
public class ExtremeAmountsProperties
{
    private const int LifeCount = 5_000;

    private static readonly Gen<long> _amounts = Gen.OneOf(
        1L, 2, 9_999, 10_000, 10_001, int.MaxValue, (1L << 53) - 1, 1L << 53, (1L << 53) + 1, long.MaxValue / 1_000, long.MaxValue / 2, long.MaxValue - 1, long.MaxValue);

    private static readonly Gen<Inventory> _inventories =
        Gen.Select(Gen.OneOf<long>(Gen.Const(0L), _amounts), Gen.OneOf<long>(Gen.Const(0L), _amounts), Gen.OneOf(0.0001, 0.29, 1.0, 1.15, 1_000, 10_000))
            .Select((total, reserved, ratio) => Sample.Inventory(total, Math.Min(reserved, total), ratio));

    private static readonly Gen<Step[]> _lives = Gen.OneOf(
        _inventories.Select(inventory => new Step(inventory, 0, 0)),
        Gen.Select(_amounts, Gen.Int[0, 99]).Select((amount, pick) => new Step(null, amount, pick))).Array[1, 40];

    [Fact]
    public void What_fits_is_what_sums_without_bounds_say()
    {
        var (accepted, refused) = (0, 0);
        _lives.Sample(
            life =>
            {
                var node = DrivenNode.Registered(Sample.Spec(Sample.NodeName, (ResourceClass.DiskGb, Sample.Inventory(0))));
                foreach (var step in life)
                {
                    if (step.Inventory is { } inventory)
                        Assert.Null(node.Decide(view => NodeRules.Register(view, Sample.Spec(Sample.NodeName, (ResourceClass.DiskGb, inventory)), null, Sample.Now)).Refusal);
                    else if (step.Pick % 3 == 0 && node.View.Claims.Count > 0)
                        node.Release(node.View.Claims.Values.ElementAt(step.Pick % node.View.Claims.Count));
                    else if (Claims(node, step.Amount))
                        Interlocked.Increment(ref accepted);
                    else
                        Interlocked.Increment(ref refused);
                    Assert.Equal(UsedBy(node.View), node.View.UsedByClass().Of(ResourceClass.DiskGb));
                    Assert.Equal(CapacityOf(node.View) - UsedBy(node.View), node.View.FreeAt(0));
                    Assert.Empty(LedgerInvariants.Verify(node.View));
                }
            },
            iter: LifeCount);

        Assert.True(accepted > LifeCount && refused > LifeCount, $"{accepted} accepted, {refused} refused");
    }

    private static bool Claims(DrivenNode node, long amount)
    {
        var fits = UsedBy(node.View) + amount <= CapacityOf(node.View);
        var decision = node.TryClaim($"instance-{node.View.Generation}", Sample.Amounts((ResourceClass.DiskGb, amount)));
        Assert.Equal(fits, decision.Refusal is null);
        return fits;
    }

    private static BigInteger UsedBy(NodeView node) =>
        node.Claims.Values.Aggregate(BigInteger.Zero, (sum, claim) => sum + claim.Amounts.Of(ResourceClass.DiskGb));

    // Placement's product; beyond the largest number that can be in use there is no room.
    private static BigInteger CapacityOf(NodeView node)
    {
        var inventory = node.Spec.Inventories[0];
        return BigInteger.Min(new BigInteger(Math.Floor((inventory.Total - inventory.Reserved) * inventory.AllocationRatio)), long.MaxValue);
    }

    /// <summary>A report of the inventory, or else a claim or the end of one.</summary>
    private sealed record Step(Inventory? Inventory, long Amount, int Pick);
}
