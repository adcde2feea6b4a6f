using CsCheck;
using ResourceService.Ledger.Epochs;
using Xunit;

namespace ResourceService.Ledger.Tests.Epochs;

/// <summary>Where numbers go on after a restore.</summary>
public class EpochRulesTests
{
    private const long NowMs = 1_796_000_000_000;

    private static readonly NumberFloors _backup = new(1_000, 500);

    [Fact]
    public void All_numbers_are_above_what_is_known_and_exact_in_every_language()
    {
        var known = Gen.Select(Gen.Long[0, 1L << 52], Gen.Long[0, 1L << 62]);
        Gen.Select(known, Gen.Long, Gen.Long).Sample(
            (numbers, nowMs, random) =>
            {
                var before = new NumberFloors(numbers.Item1, numbers.Item2);
                return EpochRules.Next(before, nowMs, random) is { } next
                    && next.Revision > before.Revision + int.MaxValue && next.Revision <= 1L << 53 && next.Sequence > before.Sequence;
            });
    }

    [Fact]
    public void A_second_restore_of_one_backup_is_above_what_the_first_gave_though_nothing_is_known_of_it()
    {
        var first = EpochRules.Next(_backup, NowMs, random: -1)!.Value;
        var second = EpochRules.Next(_backup, NowMs + 60_000, random: 0)!.Value;

        // In a minute no ledger makes sixty million changes.
        Assert.True(second.Revision - first.Revision >= 60_000_000);
        Assert.True(Math.Abs(second.Sequence - first.Sequence) > 1L << 49);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-NowMs)]
    [InlineData(NowMs * 100)]
    [InlineData(long.MaxValue)]
    public void A_clock_that_cannot_be_believed_only_is_no_help(long nowMs)
    {
        var next = EpochRules.Next(_backup, nowMs, random: 7)!.Value;

        Assert.Equal(new NumberFloors(1_000 + (1L << 32) + 7, 500 + 1 + 7), next);
    }

    [Fact]
    public void Numbers_that_are_used_up_are_told()
    {
        Assert.Null(EpochRules.Next(new NumberFloors(EpochRules.RevisionFloorMax, 0), NowMs, 1));
        Assert.Null(EpochRules.Next(new NumberFloors(0, long.MaxValue), NowMs, 1));
    }
}
