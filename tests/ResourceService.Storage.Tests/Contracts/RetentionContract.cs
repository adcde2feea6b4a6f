using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Storage.Tests.Contracts;

/// <summary>What the service may expect of every store when it deletes history: bounded steps, no gap, and never what is still needed.</summary>
public abstract class RetentionContract(IStoreUnderTest underTest) : StoreContract(underTest)
{
    private const long Never = long.MinValue;
    private const long MinuteMs = 60_000;
    private const long HourMs = 60 * MinuteMs;

    private static readonly long _later = Sample.Now.UnixMs + 1;

    [Fact]
    public void Old_events_go_from_the_oldest_on_in_steps_and_the_newest_stays()
    {
        CommitEvents(8);

        var first = Run(new RetentionStep(RetainedTable.Events, 0, _later, RowsMax: 3));
        Assert.Equal((3, 4L), (first.DeletedCount, Reader.OldestRevision()));
        Assert.NotNull(first.NextKey);
        RunToEnd(new RetentionStep(RetainedTable.Events, 0, _later, RowsMax: 3));

        Assert.Equal([8], Revisions());
        Restart();
        Assert.Equal(8, LoadAll().LastRevision);
    }

    [Fact]
    public void An_event_that_stays_keeps_all_behind_it()
    {
        // The clock went back between the second and the third.
        var node = NewNode(1);
        Commit(node);
        SetState(node, NodeState.Disabled, Sample.Now.Add(TimeSpan.FromHours(2)));
        SetState(node, NodeState.Enabled, Sample.Now);
        SetState(node, NodeState.Disabled, Sample.Now);

        RunToEnd(new RetentionStep(RetainedTable.Events, 0, _later, RowsMax: 100));

        Assert.Equal([2, 3, 4], Revisions());
    }

    [Fact]
    public void Nothing_goes_that_is_young_enough()
    {
        CommitEvents(3);
        Commit(new TestEntry { AskedBy = AskedBy("agent", 1) }, new TestEntry { AskedBy = AskedBy("agent", 2) });

        foreach (var table in Enum.GetValues<RetainedTable>())
            Assert.Equal(0, RunToEnd(new RetentionStep(table, 0, Never, RowsMax: 100) { Thinning = (Never, Never) }));

        Assert.Equal([1, 2, 3], Revisions());
        Assert.Equal(2, LoadAll().Requests.Count);
    }

    [Fact]
    public void Ended_claims_go_and_live_ones_and_the_newest_stay()
    {
        var node = NewNode(1);
        var ended = Enumerable.Range(0, 5).Select(i => node.Claim($"ended-{i}", Sample.Amounts(1, 1))).ToList();
        var live = node.Claim("live", Sample.Amounts(1, 1));
        var newest = node.Claim("newest", Sample.Amounts(1, 1));
        foreach (var claim in ended.Append(newest))
            node.Release(claim);
        Commit(node);

        Assert.Equal(5, RunToEnd(new RetentionStep(RetainedTable.EndedClaims, 0, _later, RowsMax: 2)));

        Assert.All(ended, claim => Assert.Null(Reader.FindClaim(claim.Id.Sequence)));
        Assert.Equal(live, Reader.FindClaim(live.Id.Sequence));
        Restart();
        AssertStored(node);
        Assert.Equal(newest.Id.Sequence, LoadAll().LastClaimSequence);
    }

    [Fact]
    public void Old_audits_go_and_the_newest_stays()
    {
        var node = NewNode(1);
        for (var i = 1; i <= 3; i++)
        {
            var audit = RichSample.Audit with { Id = new AuditId(1, i), Time = Sample.Now };
            node.Apply(Decision.Accept(new NodeAudited(audit.Time, audit)));
            Commit(node);
        }

        Assert.Equal(2, RunToEnd(new RetentionStep(RetainedTable.Audits, 0, _later, RowsMax: 1)));

        Assert.Equal(3, Assert.Single(Reader.ListAudits(new AuditFilter(), limit: 10)).Id.Sequence);
    }

    [Fact]
    public void Ended_moves_go_and_those_in_flight_stay()
    {
        var (source, target) = (NewNode(1), NewNode(2));
        var ended = new DrivenMove(source, target).Start();
        ended.Confirm();
        var inFlight = new DrivenMove(source, target, "moving");
        inFlight.TryStart(DrivenMove.Request(instance: "moving"));
        Commit(source, target);

        Assert.Equal(1, RunToEnd(new RetentionStep(RetainedTable.EndedMigrations, 0, _later, RowsMax: 1)));

        Assert.Null(Reader.FindMigration(ended.TargetId.Sequence));
        Assert.NotNull(Reader.FindMigration(inFlight.TargetId.Sequence));
    }

    [Fact]
    public void Old_requests_that_changed_nothing_go_and_the_newest_stays()
    {
        Commit(Enumerable.Range(1, 4).Select(i => new TestEntry { AskedBy = AskedBy("agent", i) }).ToArray());

        Assert.Equal(3, RunToEnd(new RetentionStep(RetainedTable.UnchangedRequests, 0, KeepFromMs: long.MaxValue, RowsMax: 2)));

        Assert.Equal(AskedBy("agent", 4).RequestId, Assert.Single(LoadAll().Requests).RequestId);
        Assert.Null(Reader.FindReply(-1));
        Assert.NotNull(Reader.FindReply(-4));
        Assert.Equal(4, LoadAll().LastUnchangedRequest);
    }

    [Fact]
    public void Usage_is_kept_fine_then_by_the_minute_then_by_the_hour_and_then_not_at_all()
    {
        var (node, other) = (NewNode(1), NewNode(2));
        Commit(node, other);
        // In hours 0 to 3, four in the first and two in the second minute of each.
        long[] offsets = [0, 10_000, 20_000, 30_000, 70_000, 80_000];
        long[] times = [.. Enumerable.Range(0, 4).SelectMany(hour => offsets.Select(offset => (hour * HourMs) + offset))];
        Commit(new TestEntry { Samples = [.. times.SelectMany(time => new[] { SnapshotOf(node, time), SnapshotOf(other, time) })] });

        var deleted = RunToEnd(new RetentionStep(RetainedTable.UsageSnapshots, 0, KeepFromMs: HourMs, RowsMax: 4)
        {
            Thinning = (HourlyUntilMs: 2 * HourMs, MinutelyUntilMs: 3 * HourMs),
        });

        // Of hour 0 nothing, of hour 1 the last, of hour 2 the last of each minute, of hour 3 all.
        long[] kept = [HourMs + 80_000, (2 * HourMs) + 30_000, (2 * HourMs) + 80_000, .. offsets.Select(offset => (3 * HourMs) + offset)];
        foreach (var key in new[] { 1, 2 })
            Assert.Equal(kept, Reader.ListUsageSnapshots(key, -1, long.MaxValue, 1, 1_000).Select(snapshot => snapshot.Time.UnixMs));
        Assert.Equal(2 * (times.Length - kept.Length), deleted);
    }

    private void CommitEvents(int count)
    {
        var node = NewNode(1);
        for (var i = 1; i < count; i++)
            node.Claim($"instance-{i}", Sample.Amounts(1, 1));
        Commit(node);
    }

    private void SetState(DrivenNode node, NodeState state, Instant time)
    {
        node.Decide(view => NodeRules.SetState(view, state, "", null, time));
        Commit(node);
    }

    private RetentionStep Run(RetentionStep step)
    {
        Commit(new TestEntry { Retires = step });
        return step;
    }

    // Each step from where the one before ended; none deletes more than it may.
    private int RunToEnd(RetentionStep first)
    {
        var deleted = 0;
        var after = 0L;
        for (var steps = 0; steps < 100; steps++)
        {
            var step = Run(first with { AfterKey = after });
            Assert.InRange(step.DeletedCount, 0, first.RowsMax);
            deleted += step.DeletedCount;
            if (step.NextKey is not { } next)
                return deleted;
            after = next;
        }

        throw new InvalidOperationException($"The steps through {first.Table} never end.");
    }

    private IEnumerable<long> Revisions() => Reader.ListEvents(new EventFilter(), 1_000).Select(recorded => recorded.Revision);
}
