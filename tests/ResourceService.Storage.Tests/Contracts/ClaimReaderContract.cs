using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Storage.Tests.Contracts;

/// <summary>What the service's reads may expect of every store.</summary>
public abstract class ClaimReaderContract(IStoreUnderTest underTest) : StoreContract(underTest)
{
    private static readonly ClaimState[] _live = [ClaimState.Held, ClaimState.Active];
    private static readonly ClaimState[] _all = Enum.GetValues<ClaimState>();

    private static readonly Dictionary<string, (EventFilter Filter, Func<LedgerEvent, bool> Matches)> _eventFilters = new(StringComparer.Ordinal)
    {
        ["everything"] = (new EventFilter(), _ => true),
        ["after a revision"] = (new EventFilter { After = 3 }, recorded => recorded.Revision > 3),
        ["until a revision"] = (new EventFilter { Until = 3 }, recorded => recorded.Revision <= 3),
        ["a node"] = (new EventFilter { NodeKey = 2 }, recorded => recorded.NodeKey == 2),
        ["an instance"] = (new EventFilter { InstanceId = "instance-1" }, recorded => recorded.InstanceId?.Value == "instance-1"),
        ["a claim"] = (new EventFilter { ClaimSequence = 1_000_001 }, recorded => recorded.ClaimId?.Sequence == 1_000_001),
        ["an actor"] = (new EventFilter { Actor = "scheduler" }, recorded => recorded.Actor == "scheduler"),
        ["a kind"] = (
            new EventFilter { KindsAreLimited = true, Kinds = [ChangeKind.ClaimConfirmed] }, recorded => recorded.Kind == ChangeKind.ClaimConfirmed),
        ["no kind"] = (new EventFilter { KindsAreLimited = true }, _ => false),
        ["from a moment on"] = (new EventFilter { StartMs = Sample.Now.UnixMs + 1 }, recorded => recorded.Time > Sample.Now),
        ["before a moment"] = (new EventFilter { EndMs = Sample.Now.UnixMs + 1 }, recorded => recorded.Time <= Sample.Now),
        ["two at once"] = (
            new EventFilter { NodeKey = 1, Actor = "scheduler" }, recorded => recorded is { NodeKey: 1, Actor: "scheduler" }),
    };

    public static TheoryData<string> EventFilters => [.. _eventFilters.Keys];

    [Fact]
    public void Claims_are_found_in_any_state()
    {
        var (node, claims) = NodeWithOneClaimPerState();

        Assert.All(claims, claim => Assert.Equal(claim, Reader.FindClaim(claim.Id.Sequence)));
        Assert.Null(Reader.FindClaim(node.View.Claims.Keys.Max() + 100));
    }

    [Fact]
    public void Claims_are_listed_by_state_node_instance_and_project()
    {
        var (_, claims) = NodeWithOneClaimPerState();
        var other = NewNode(2);
        var elsewhere = other.Claim("elsewhere", Sample.Amounts(1, 1));
        other.Decide(view => ClaimRules.UpdateInstance(
            view, elsewhere.Id, null, instance => instance with { ProjectId = "project-2" }, Sample.Now));
        Commit(other);
        elsewhere = other.View.Claims[elsewhere.Id.Sequence];

        Assert.Equal([.. claims, elsewhere], List(new ClaimFilter(_all)));
        Assert.Equal(claims.Where(claim => claim.State.IsLive()).Append(elsewhere), List(new ClaimFilter(_live)));
        Assert.Equal(claims, List(new ClaimFilter(_all, NodeKey: 1)));
        Assert.Equal([elsewhere], List(new ClaimFilter(_all, ProjectId: "project-2")));
        Assert.Equal([claims[0]], List(new ClaimFilter(_all, InstanceId: claims[0].Instance.Id.Value)));
        Assert.Empty(List(new ClaimFilter(_all, NodeKey: 2, ProjectId: "project-1")));
        Assert.Empty(List(new ClaimFilter([])));

        IReadOnlyList<Claim> List(ClaimFilter filter) => [.. Reader.ListClaims(filter, afterSequence: 0, limit: 100)];
    }

    [Fact]
    public void Claims_are_listed_page_by_page()
    {
        var (_, claims) = NodeWithOneClaimPerState();
        var paged = new List<Claim>();
        while (Reader.ListClaims(new ClaimFilter(_all), paged.Count == 0 ? 0 : paged[^1].Id.Sequence, limit: 2).ToList() is { Count: > 0 } page)
        {
            Assert.InRange(page.Count, 1, 2);
            paged.AddRange(page);
        }

        Assert.Equal(claims, paged);
    }

    [Fact]
    public void Moves_are_found_in_any_state_and_listed_by_state_type_instance_and_either_node()
    {
        var (first, second, third) = (NewNode(1), NewNode(2), NewNode(3));
        var running = new DrivenMove(first, second, "running").Start(MigrationType.Evacuation);
        running.Update(MigrationStep.Run);
        var confirmed = new DrivenMove(first, third, "confirmed").Start();
        confirmed.Confirm();
        var resized = new DrivenMove(third, third, "resized").Start(MigrationType.Resize);
        var moves = new[] { first, second, third }.SelectMany(node => node.Changes).Select(applied => applied.Change).OfType<MigrationChanged>()
            .GroupBy(change => change.After.Id, change => change.After).Select(states => states.Last()).OrderBy(move => move.Id.Sequence).ToList();
        Commit(first, second, third);
        var (arrived, preparing) = (moves.Single(move => move.Id == confirmed.Id), moves.Single(move => move.Id == resized.Id));
        var inFlight = Enum.GetValues<MigrationState>().Where(state => state.IsInFlight()).ToArray();

        Assert.All(moves, move => Assert.Equal(move, Reader.FindMigration(move.Id.Sequence)));
        Assert.Null(Reader.FindMigration(1));
        Assert.Equal(moves, List(new MigrationFilter(Enum.GetValues<MigrationState>(), [])));
        Assert.Equal(moves.Where(move => move != arrived), List(new MigrationFilter(inFlight, [])));
        Assert.Equal([preparing], List(new MigrationFilter([MigrationState.Preparing], [])));
        Assert.Equal([arrived], List(new MigrationFilter([MigrationState.Confirmed], [])));
        Assert.Equal([preparing], List(new MigrationFilter(inFlight, [MigrationType.Resize, MigrationType.ColdMigration])));
        Assert.Equal(moves.Where(move => move != preparing), List(new MigrationFilter(Enum.GetValues<MigrationState>(), [], NodeKey: 1)));
        Assert.Equal(moves.Where(move => move.Id.NodeKey == 2), List(new MigrationFilter(inFlight, [], NodeKey: 2)));
        Assert.Equal([arrived], List(new MigrationFilter(Enum.GetValues<MigrationState>(), [], InstanceId: "confirmed")));
        Assert.Empty(List(new MigrationFilter([], [])));
        Assert.Equal(moves.Take(2), Reader.ListMigrations(new MigrationFilter(Enum.GetValues<MigrationState>(), []), 0, limit: 2));
        Assert.Equal(moves.Skip(2), Reader.ListMigrations(new MigrationFilter(Enum.GetValues<MigrationState>(), []), moves[1].Id.Sequence, limit: 2));

        IReadOnlyList<Migration> List(MigrationFilter filter) => [.. Reader.ListMigrations(filter, afterSequence: 0, limit: 100)];
    }

    [Fact]
    public void Events_of_a_move_come_back_as_they_were_committed_under_both_of_its_nodes()
    {
        var move = new DrivenMove(NewNode(1), NewNode(2));
        Commit(move.Source, move.Target);
        move.Start();
        move.Update(MigrationStep.Finish, "arrived");
        move.Confirm();
        var committed = Commit(new TestEntry(move.Target, move.Source) { AskedBy = RichSample.Origin }).Events;
        Restart();

        Assert.Equal(
            [ChangeKind.MigrationClaimed, ChangeKind.MigrationUpdated, ChangeKind.MigrationConfirmed, ChangeKind.ClaimReleased],
            committed.Select(recorded => recorded.Kind));
        Assert.Equal(committed, Reader.ListEvents(new EventFilter { MigrationSequence = move.Id.Sequence }, limit: 100));
        Assert.Equal(committed, Reader.ListEvents(new EventFilter { NodeKey = 1, After = committed[0].Revision - 1 }, limit: 100));
        Assert.Equal(committed, Reader.ListEvents(new EventFilter { NodeKey = 2, After = committed[0].Revision - 1 }, limit: 100));
        Assert.All(committed, recorded => Assert.True(recorded.Concerns(1) && recorded.Concerns(2) && !recorded.Concerns(3)));
        Assert.Equal(RichSample.Origin.Reply, Reader.FindReply(committed[0].Revision));
    }

    [Fact]
    public void Replies_are_found_by_the_revision_that_remembers_them()
    {
        var node = NewNode(1);
        node.Claim("instance-1", Sample.Amounts(1, 1));
        Commit(new TestEntry(node) { AskedBy = RichSample.Origin });

        Assert.Equal(RichSample.Origin.Reply, Reader.FindReply(1));
        Assert.Null(Reader.FindReply(2));
        Assert.Null(Reader.FindReply(99));
    }

    [Fact]
    public void Events_come_back_as_they_were_committed()
    {
        var node = DrivenNode.Registered(RichSample.Spec());
        var claim = node.Claim("rich-1", Sample.Amounts(4, 512));
        node.Decide(view => ClaimRules.UpdateInstance(view, claim.Id, null, _ => RichSample.Instance, Sample.Now));
        node.Decide(view => ClaimRules.Renew(view, claim.Id, null, Sample.LeaseEnd.Add(TimeSpan.FromHours(1)), Sample.Now));
        node.Decide(view => NodeRules.Register(view, RichSample.Spec() with { Traits = [] }, null, Sample.Now));
        node.Decide(view => FieldRules.Update(view, RichSample.Owner, default, null));
        node.Decide(view => NodeRules.SetState(view, NodeState.Disabled, "kernel", null, Sample.Now));
        node.Decide(view => NodeRules.Delete(view, force: true, "gone", null, Sample.Now));
        var committed = Commit(new TestEntry(node) { AskedBy = RichSample.Origin }).Events;
        Restart();

        Assert.Equal(9, committed.Count);
        Assert.Equal(committed, Reader.ListEvents(new EventFilter(), limit: 100));
    }

    [Theory]
    [MemberData(nameof(EventFilters))]
    public void Events_are_filtered(string row)
    {
        var committed = CommitSomeEvents();
        var (filter, matches) = _eventFilters[row];

        Assert.Equal(committed.Where(matches), Reader.ListEvents(filter, limit: 100));
        Assert.Equal(committed.Where(matches).Take(2), Reader.ListEvents(filter, limit: 2));
        Assert.Equal(committed.Where(matches).Reverse().Take(2), Reader.ListEvents(filter with { NewestFirst = true }, limit: 2));
    }

    [Fact]
    public void The_oldest_revision_is_that_of_the_first_event()
    {
        Assert.Equal(0, Reader.OldestRevision());
        CommitSomeEvents();
        Assert.Equal(1, Reader.OldestRevision());
    }

    [Fact]
    public void Usage_snapshots_are_listed_by_node_and_time_and_one_a_millisecond_is_kept()
    {
        var (node, other) = (NewNode(1), NewNode(2));
        Commit(node, other);
        var first = SnapshotOf(node, 10);
        node.Claim("instance-1", Sample.Amounts(2, 512));
        UsageSnapshot[] later = [SnapshotOf(node, 20), SnapshotOf(node, 30)];
        Commit(new TestEntry(node) { Samples = [first, .. later, SnapshotOf(other, 20)] });

        Assert.Equal([first, .. later], Reader.ListUsageSnapshots(1, afterTimeMs: 0, untilTimeMs: 100, intervalMs: 0, limit: 10));
        Assert.Equal([later[0]], Reader.ListUsageSnapshots(1, afterTimeMs: 10, untilTimeMs: 30, intervalMs: 0, limit: 10));
        Assert.Equal([first], Reader.ListUsageSnapshots(1, afterTimeMs: 0, untilTimeMs: 100, intervalMs: 0, limit: 1));

        Commit(new TestEntry { Samples = [SnapshotOf(node, 10)] });
        Assert.Equal(SnapshotOf(node, 10), Reader.ListUsageSnapshots(1, afterTimeMs: 0, untilTimeMs: 100, intervalMs: 0, limit: 10).First());
    }

    [Theory]
    [InlineData(0, new long[] { 10, 15, 20, 31, 40 })]
    [InlineData(1, new long[] { 10, 15, 20, 31, 40 })]
    [InlineData(6, new long[] { 10, 20, 31, 40 })]
    [InlineData(11, new long[] { 10, 31 })]
    [InlineData(1_000, new long[] { 10 })]
    public void Usage_snapshots_are_thinned_from_the_first_on(long intervalMs, long[] expected)
    {
        var node = NewNode(1);
        Commit(new TestEntry(node) { Samples = [.. new long[] { 10, 15, 20, 31, 40, 70 }.Select(time => SnapshotOf(node, time))] });

        var thinned = Reader.ListUsageSnapshots(1, afterTimeMs: 9, untilTimeMs: 70, intervalMs, limit: 10);

        Assert.Equal(expected, thinned.Select(snapshot => snapshot.Time.UnixMs));
    }

    [Fact]
    public void Audits_come_back_with_their_drifts_and_are_listed_without()
    {
        var node = NewNode(1);
        var audit = RichSample.Audit;
        node.Apply(Decision.Accept(new NodeAudited(audit.Time, audit)));
        Commit(node);
        Restart();

        Assert.Equal(audit, Reader.FindAudit(audit.Id.Sequence));
        Assert.Null(Reader.FindAudit(99));
        Assert.Equal([audit with { Drifts = [] }], Reader.ListAudits(new AuditFilter(), limit: 10));
    }

    [Fact]
    public void Audits_are_listed_newest_first_by_node_time_and_drift()
    {
        var (node, other) = (NewNode(1), NewNode(2));
        // Two of one millisecond: the later one counts as newer.
        Audit[] audits = [Made(node, 1, 10, 0), Made(other, 2, 20, 1), Made(node, 3, 20, 2), Made(node, 4, 30, 0)];

        Assert.Equal([4, 3, 2, 1], List(new AuditFilter()));
        Assert.Equal([4, 3, 1], List(new AuditFilter(NodeKey: 1)));
        Assert.Equal([3, 2], List(new AuditFilter(DriftOnly: true)));
        Assert.Equal([3, 2], List(new AuditFilter(StartMs: 20, EndMs: 30)));
        Assert.Equal([2, 1], List(new AuditFilter(Before: (20, 3))));
        Assert.Equal([1], List(new AuditFilter(NodeKey: 1, Before: (20, 3))));
        Assert.Empty(List(new AuditFilter(NodeKey: 3)));
        Assert.Equal(audits[^1].Id, Assert.Single(Reader.ListAudits(new AuditFilter(), limit: 1)).Id);

        IEnumerable<long> List(AuditFilter filter) => Reader.ListAudits(filter, limit: 10).Select(audit => audit.Id.Sequence);

        Audit Made(DrivenNode node, long sequence, long time, int drifts)
        {
            var audit = RichSample.Audit with { Id = new AuditId(node.View.NodeKey, sequence), Time = new Instant(time), DriftCount = drifts };
            node.Apply(Decision.Accept(new NodeAudited(audit.Time, audit)));
            Commit(node);
            return audit;
        }
    }

    [Fact]
    public void Nodes_are_read_beside_the_usage_recorded_for_them()
    {
        var (node, other) = (NewNode(1), NewNode(2));
        node.Claim("instance-1", Sample.Amounts(2, 512));
        Commit(node, other);

        var all = Reader.ReadNodes(null).OrderBy(stored => stored.Node.NodeKey).ToList();
        Assert.Equal(2, all.Count);
        NodeViewAssert.Equal(node.View, all[0].Node);
        Assert.Equal(Sample.Amounts(2, 512), all[0].RecordedUsage);
        NodeViewAssert.Equal(other.View, Assert.Single(Reader.ReadNodes(2)).Node);
        Assert.Empty(Reader.ReadNodes(3));
    }

    // In the order of their sequences.
    private (DrivenNode Node, List<Claim> Claims) NodeWithOneClaimPerState()
    {
        var node = NewNode(1);
        var claims = Enum.GetNames<ClaimState>().Select(state => node.Claim(state, Sample.Amounts(1, 1), Sample.LeaseEnd)).ToList();
        node.Confirm(claims[1]);
        node.Release(claims[2]);
        node.Decide(view => ClaimRules.Abort(view, claims[3].Id, null, "no image", Sample.Now));
        node.Decide(view => ClaimRules.Renew(view, claims[0].Id, null, Sample.LeaseEnd.Add(TimeSpan.FromHours(1)), Sample.Now));
        node.Decide(view => ClaimRules.Expire(view, Sample.LeaseEnd));
        var last = node.Changes.Select(applied => applied.Change).OfType<ClaimChanged>().ToLookup(change => change.After.Id, change => change.After);
        Commit(node);
        return (node, [.. claims.Select(claim => last[claim.Id].Last())]);
    }

    private List<LedgerEvent> CommitSomeEvents()
    {
        var (node, other) = (NewNode(1), NewNode(2));
        var registered = Commit(new TestEntry(node, other) { AskedBy = AskedBy("agent", 1) });
        var claim = node.Claim("instance-1", Sample.Amounts(1, 1));
        other.Claim("instance-2", Sample.Amounts(1, 1));
        var claimed = Commit(new TestEntry(node, other) { AskedBy = AskedBy("scheduler", 2) });
        node.Decide(view => ClaimRules.Confirm(view, claim.Id, null, Sample.Now.Add(TimeSpan.FromMinutes(1))));
        return [.. registered.Events, .. claimed.Events, .. Commit(node).Events];
    }
}
