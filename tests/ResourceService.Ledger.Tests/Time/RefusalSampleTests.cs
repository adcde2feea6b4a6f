using ResourceService.Server.History;
using Xunit;

namespace ResourceService.Ledger.Tests.Time;

/// <summary>Which refusals are kept: the first of each, and a share for each caller, reason and node.</summary>
public class RefusalSampleTests
{
    private readonly RefusalSample _sample = new();
    private long _nowMs = 1_000_000;

    [Fact]
    public void A_repetition_is_kept_again_after_ten_minutes_with_the_number_left_out()
    {
        Assert.Equal(0, Take("vm-1"));
        for (var i = 0; i < 599; i++)
        {
            _nowMs += 1_000;
            Assert.Null(Take("vm-1"));
        }

        _nowMs += 1_000;
        Assert.Equal(599, Take("vm-1"));
    }

    [Fact]
    public void A_repetition_hides_neither_another_instance_nor_another_reason_or_node()
    {
        Assert.Equal(0, Take("vm-1"));
        Assert.Null(Take("vm-1"));
        Assert.Equal(1, Take("vm-2"));
        Assert.Equal(0, Take("vm-1", node: "node-2"));
        Assert.Equal(0, Take("vm-1", reason: "NODE_NOT_ENABLED"));
        Assert.Equal(0, Take("vm-1", actor: "other"));
    }

    [Fact]
    public void A_group_has_a_burst_and_then_one_a_second()
    {
        Assert.Equal(60, Enumerable.Range(0, 500).Count(i => Take($"vm-{i}") is not null));
        _nowMs += 3_000;
        Assert.Equal(440, Take("later-1"));
        Assert.Equal(0, Take("later-2"));
        Assert.Equal(0, Take("later-3"));
        Assert.Null(Take("later-4"));
        // Another group has a share of its own.
        Assert.Equal(0, Take("vm-1", actor: "other"));
    }

    [Fact]
    public void All_groups_together_have_a_burst_and_then_twenty_a_second()
    {
        Assert.Equal(200, Enumerable.Range(0, 1_000).Count(i => Take("vm-1", node: $"node-{i}") is not null));
        _nowMs += 2_000;
        Assert.Equal(40, Enumerable.Range(1_000, 1_000).Count(i => Take("vm-1", node: $"node-{i}") is not null));
    }

    [Fact]
    public void Very_many_groups_and_instances_are_forgotten_and_bounded_all_the_same()
    {
        var kept = 0;
        for (var i = 0; i < 50_000; i++)
        {
            _nowMs += 10;
            kept += Take($"vm-{i}", node: $"node-{i % 10_000}") is null ? 0 : 1;
        }

        // 500 seconds.
        Assert.InRange(kept, 1, 200 + (20 * 500));
    }

    [Fact]
    public void What_there_is_no_room_for_is_counted_and_the_next_is_kept()
    {
        Assert.Null(Take("vm-1", hasRoom: false));
        Assert.Equal(1, Take("vm-1"));
    }

    // How many were left out before; null when it is not kept.
    private long? Take(string instance, string actor = "scheduler", string reason = "DOES_NOT_FIT", string node = "node-1", bool hasRoom = true) =>
        _sample.Takes(actor, reason, node, instance, new Instant(_nowMs), hasRoom, out var suppressed) ? suppressed : null;
}
