using CsCheck;
using Xunit;

namespace ResourceService.Ledger.Tests;

public class CapacityTests
{
    [Theory]
    [InlineData(10, 1, 1.0, 9)]
    [InlineData(100, 0, 0.29, 28)] // 28.999999999999996 as a double
    [InlineData(8, 0, 16.0, 128)]
    [InlineData(10, 2, 0.7, 5)]
    [InlineData(131_072, 13_107, 1.15, 135_659)]
    [InlineData(0, 0, 16.0, 0)]
    [InlineData(32, 32, 16.0, 0)]
    [InlineData(9_999, 0, 0.0001, 0)]
    [InlineData(10_000, 0, 0.0001, 1)]
    [InlineData(long.MaxValue, long.MaxValue, 10_000, 0)]
    [InlineData(1L << 53, 0, 1.0, 1L << 53)]
    [InlineData(1L << 52, 0, 1_000, (1L << 52) * 1_000)]
    public void Capacity_is_placements_product_rounded_down(long total, long reserved, double ratio, long capacity) =>
        Assert.Equal(capacity, Capacity.Of(total, reserved, ratio));

    [Theory]
    [InlineData(long.MaxValue, 1.0)]
    [InlineData(long.MaxValue, 1_000)]
    [InlineData((long.MaxValue / 1_000) + 1_000, 1_000)]
    public void Capacity_beyond_the_largest_amount_is_the_largest_amount(long total, double ratio) =>
        Assert.Equal(long.MaxValue, Capacity.Of(total, 0, ratio));

    [Fact]
    public void Capacity_of_an_inventory_reserved_beyond_its_total_is_negative_and_fits_nothing() =>
        Assert.Equal(-15, Capacity.Of(0, 10, 1.5));

    [Fact]
    public void Capacity_of_amounts_that_overflow_their_difference_is_an_error_not_a_wrong_number() =>
        Assert.Throws<OverflowException>(() => Capacity.Of(long.MinValue, 1, 1.0));

    [Fact]
    public void Capacity_decides_as_the_comparison_with_the_double_does() =>
        Gen.Select(Gen.Long[0, 1_000_000], Gen.Long[0, 1_000_000], Gen.Double[0.0001, 1_000])
            .Where(inventory => inventory.Item2 <= inventory.Item1)
            .Sample(inventory =>
            {
                var (total, reserved, ratio) = inventory;
                var capacity = Capacity.Of(total, reserved, ratio);
                // Placement's rule, as it is written there, for the last amount that fits and the first that does not.
                Assert.True(capacity <= (total - reserved) * ratio);
                Assert.False(capacity + 1 <= (total - reserved) * ratio);
            });

    [Fact]
    public void Inventory_has_its_capacity_by_the_same_rule() =>
        Assert.Equal(28, new Inventory(100, 0, 0.29, 1, 100, 1).Capacity);

    [Fact]
    public void Inventory_copied_with_another_ratio_has_the_capacity_of_the_copy() =>
        Assert.Equal(200, (new Inventory(100, 0, 1.0, 1, 100, 1) with { AllocationRatio = 2.0 }).Capacity);
}
