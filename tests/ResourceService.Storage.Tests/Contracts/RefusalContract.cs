using ResourceService.Ledger;
using Xunit;

namespace ResourceService.Storage.Tests.Contracts;

/// <summary>What every store does with refused claims: a bounded sample beside the ledger.</summary>
public abstract class RefusalContract(IStoreUnderTest underTest) : StoreContract(underTest)
{
    [Fact]
    public void Refusals_are_listed_newest_first_also_after_a_restart()
    {
        Keep(Refusal(1), Refusal(2));
        Keep(Refusal(3));
        Restart();

        Assert.Equal([3, 2, 1], List(new RefusalFilter()));
        Assert.Equal([2, 1], List(new RefusalFilter { Before = 3 }));
        Assert.Equal([3], List(new RefusalFilter(), limit: 1));
        Assert.Equal(3, LoadAll().LastRefusalSequence);
        var (kept, read) = (Refusal(2), Reader.ListRefusals(new RefusalFilter { Before = 3 }, limit: 1).Single());
        Assert.Equal(kept with { NodeIds = [], Body = [] }, read with { NodeIds = [], Body = [] });
        Assert.Equal(kept.Body, read.Body);
    }

    [Fact]
    public void The_store_takes_what_the_filter_takes()
    {
        RefusalRecord[] all =
        [
            Refusal(1), Refusal(2) with { InstanceId = "other" }, Refusal(3) with { ProjectId = "other" }, Refusal(4) with { Actor = "other" },
            Refusal(5) with { Reason = 7 }, Refusal(6) with { NodeIds = ["node-2", "node-1"] }, Refusal(7) with { NodeIds = [] },
            Refusal(8) with { Reason = 7, NodeIds = ["node-2"], InstanceId = "other" },
        ];
        Keep(all);
        RefusalFilter[] filters =
        [
            new(), new() { InstanceId = "other" }, new() { ProjectId = "other" }, new() { Actor = "other" }, new() { Reasons = [7] }, new() { Reasons = [7, 18] },
            new() { NodeId = "node-1" }, new() { NodeId = "node-2" }, new() { NodeId = "node-2", InstanceId = "other", Reasons = [7] },
            new() { NodeId = "node-3" }, new() { StartMs = all[3].Time.UnixMs }, new() { EndMs = all[3].Time.UnixMs },
            new() { StartMs = all[1].Time.UnixMs, EndMs = all[4].Time.UnixMs, Before = 3 },
        ];

        Assert.All(filters, filter => Assert.Equal(all.Where(filter.Takes).Select(refusal => refusal.Sequence).Reverse(), List(filter)));
    }

    [Fact]
    public void One_that_is_written_again_is_kept_once()
    {
        Keep(Refusal(1), Refusal(2));
        Keep(Refusal(1), Refusal(2), Refusal(3));

        Assert.Equal([3, 2, 1], List(new RefusalFilter { NodeId = "node-1" }));
    }

    [Fact]
    public void The_oldest_go_when_there_are_too_many()
    {
        Keep([.. Enumerable.Range(1, 10).Select(number => Refusal(number))]);
        Commit(new TestEntry { Refused = new RefusalWrite([Refusal(11)], KeepFrom: 9) });

        Assert.Equal([11, 10, 9], List(new RefusalFilter()));
        Assert.Equal([11, 10, 9], List(new RefusalFilter { NodeId = "node-1" }));
    }

    [Fact]
    public void Old_ones_go_and_the_newest_stays()
    {
        Keep([.. Enumerable.Range(1, 5).Select(number => Refusal(number))]);

        var first = new RetentionStep(RetainedTable.Refusals, 0, Refusal(4).Time.UnixMs, RowsMax: 2);
        Commit(new TestEntry { Retires = first });
        Assert.Equal((2, 3), (first.DeletedCount, first.NextKey));
        Commit(new TestEntry { Retires = first with { AfterKey = first.NextKey!.Value, NextKey = null } });
        Assert.Equal([5, 4], List(new RefusalFilter { NodeId = "node-1" }));

        Commit(new TestEntry { Retires = new RetentionStep(RetainedTable.Refusals, 0, long.MaxValue, RowsMax: 10) });
        Assert.Equal([5], List(new RefusalFilter()));
        Assert.Equal(5, LoadAll().LastRefusalSequence);
    }

    private void Keep(params IReadOnlyList<RefusalRecord> refusals) => Commit(new TestEntry { Refused = new RefusalWrite(refusals, KeepFrom: 0) });

    private IEnumerable<long> List(RefusalFilter filter, int limit = 100) => Reader.ListRefusals(filter, limit).Select(refusal => refusal.Sequence);

    private static RefusalRecord Refusal(long number) =>
        new(number, new Instant(1_000 * number), "scheduler", "instance-1", "project-1", 18, ["node-1"], [(byte)number, 2]);
}
