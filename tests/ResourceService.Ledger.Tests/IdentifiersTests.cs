using CsCheck;
using Xunit;

namespace ResourceService.Ledger.Tests;

public class IdentifiersTests
{
    [Fact]
    public void Every_claim_id_reads_its_own_text() =>
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Long[0, long.MaxValue]).Sample(numbers =>
        {
            var id = new ClaimId(numbers.Item1, numbers.Item2);
            Assert.True(ClaimId.TryParse(id.ToString(), out var read));
            Assert.Equal(id, read);
        });

    [Theory]
    [InlineData("")]
    [InlineData("c-")]
    [InlineData("c-1")]
    [InlineData("c-1-")]
    [InlineData("c--1")]
    [InlineData("c-1-2-3")]
    [InlineData("c-01-2")]
    [InlineData("c-1-02")]
    [InlineData("c-1-+2")]
    [InlineData("c-1- 2")]
    [InlineData("C-1-2")]
    [InlineData("c-1-2\n")]
    [InlineData("c-2147483648-1")]
    [InlineData("c-1-9223372036854775808")]
    [InlineData("c-١-٢")] // digits, but not the service's
    public void Other_text_is_no_claim_id(string text) => Assert.False(ClaimId.TryParse(text, out _));

    [Fact]
    public void A_move_is_named_by_the_numbers_of_its_target()
    {
        var id = MigrationId.Of(new ClaimId(3, 17));

        Assert.Equal("m-3-17", id.ToString());
        Assert.True(MigrationId.TryParse("m-3-17", out var read));
        Assert.Equal(id, read);
        Assert.All(["", "c-3-17", "m-3", "m-03-17", "m-3-17-1", "M-3-17"], text => Assert.False(MigrationId.TryParse(text, out _)));
    }

    [Fact]
    public void Node_ids_are_ordered_by_ordinal_text()
    {
        Assert.True(new NodeId("Node") < new NodeId("node"));
        Assert.True(new NodeId("node-10") <= new NodeId("node-2"));
        Assert.True(new NodeId("node-2") > new NodeId("node-10"));
        Assert.True(new NodeId("a") >= new NodeId("a"));
    }

    [Fact]
    public void Instants_add_whole_milliseconds_and_compare()
    {
        var instant = new Instant(1_000);
        Assert.Equal(new Instant(1_001), instant.Add(TimeSpan.FromTicks(TimeSpan.TicksPerMillisecond + 9_999)));
        Assert.True(instant < new Instant(1_001) && instant <= new Instant(1_000));
        Assert.True(new Instant(1_001) > instant && instant >= new Instant(1_000));
    }

    [Fact]
    public void An_instant_beyond_the_last_is_an_error_not_a_moment_in_the_past() =>
        Assert.Throws<OverflowException>(() => new Instant(long.MaxValue).Add(TimeSpan.FromMilliseconds(1)));
}
