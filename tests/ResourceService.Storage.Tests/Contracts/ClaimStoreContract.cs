using CsCheck;
using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Ledger.Tests.Properties;
using Xunit;

namespace ResourceService.Storage.Tests.Contracts;

/// <summary>What the committer may expect of every store: what is committed comes back whole, and nothing else does.</summary>
public abstract class ClaimStoreContract(IStoreUnderTest underTest) : StoreContract(underTest)
{
    private int _lastNodeKey = 100;

    [Fact]
    public void A_new_store_is_empty()
    {
        var contents = LoadAll();

        Assert.Equal((0L, 0L, 0), (contents.LastRevision, contents.LastClaimSequence, contents.UsageDifferences.Count));
        Assert.Empty(contents.Nodes);
        Assert.Empty(contents.Requests);
        Assert.Empty(Store.LoadRequestsAfter(0, 0).Requests);
    }

    [Fact]
    public void Every_field_of_a_node_and_its_claims_comes_back()
    {
        var node = DrivenNode.Registered(RichSample.Spec(), nodeKey: 3);
        var aborted = node.Claim("aborted", Sample.Amounts(1, 2));
        node.Decide(view => ClaimRules.Abort(view, aborted.Id, null, "no image", Sample.Now));
        var rich = node.Claim("rich-1", Sample.Amounts((new ResourceClass("CUSTOM_LICENSE"), long.MaxValue - 1), (ResourceClass.Vcpu, 5)));
        node.Decide(view => ClaimRules.UpdateInstance(view, rich.Id, null, _ => RichSample.Instance, Sample.Now));
        node.Claim("held", Sample.Amounts(2, 4), leaseEnd: Sample.Now.Add(TimeSpan.FromMilliseconds(1)));
        node.Decide(view => NodeRules.SetState(view, NodeState.Draining, "a \"quoted\" reason", null, Sample.Now.Add(TimeSpan.FromHours(1))));
        Commit(node);
        Restart();

        AssertStored(node);
        Assert.Equal(node.View.Claims.Keys.Max(), LoadAll().LastClaimSequence);
    }

    [Fact]
    public void Everything_asked_for_and_given_inside_a_node_comes_back()
    {
        var node = DrivenNode.Registered(RichSample.Spec(), nodeKey: 4);
        var candidate = Sample.HeldClaim(new ClaimId(4, 4_000_001), RichSample.Instance, RichSample.Request.Amounts) with
        {
            Request = RichSample.Request,
            Assignment = RichSample.Assignment,
            Role = ClaimRole.MoveTarget,
            Generation = node.View.Generation + 1,
        };
        node.Apply(Decision.Accept(new ClaimChanged(ChangeKind.InstanceClaimed, Sample.Now, null, candidate, "")));
        Assert.Equal([2, 3, 7], node.View.NumaUsage.Cells[0].PinnedCpus);
        Commit(node);
        Restart();

        AssertStored(node);
    }

    [Fact]
    public void What_a_host_was_seen_to_run_comes_back_and_its_events_say_so()
    {
        var node = NewNode(1);
        var counted = Sample.HeldClaim(node.NextClaimId(), Sample.Instance("instance-1"), Sample.Amounts(2, 512)) with
        {
            State = ClaimState.Active,
            LeaseEnd = null,
            Role = ClaimRole.Observed,
            Generation = node.View.Generation + 1,
        };
        node.Apply(Decision.Accept(new ClaimChanged(ChangeKind.InstanceCounted, Sample.Now, null, counted, "")));
        Commit(node);
        Restart();
        AssertStored(node);

        node.Release(counted);
        Commit(node);
        Restart();
        AssertStored(node);
        Assert.Equal(
            [(ChangeKind.InstanceCounted, true), (ChangeKind.ClaimReleased, true)],
            Reader.ListEvents(new EventFilter(), limit: 10).Where(item => item.ClaimId == counted.Id).Select(item => (item.Kind, item.IsOfObserved)));
    }

    [Fact]
    public void What_an_audit_changed_comes_back_with_the_audit_as_its_cause()
    {
        var (node, other) = (NewNode(1), NewNode(2));
        var claim = node.Confirm(node.Claim("instance-1", Sample.Amounts(2, 512)));
        var move = new DrivenMove(source: other, target: node).Start();
        Commit(node, other);
        var corrected = claim with
        {
            Request = claim.Request with { Amounts = Sample.Amounts(3, 512) },
            Assignment = RichSample.Assignment with { Cells = [] },
            Generation = node.View.Generation + 1,
        };
        node.Apply(Decision.Accept(new ClaimChanged(ChangeKind.ClaimCorrected, Sample.Now, claim, corrected, "its host runs it so")));
        move.End(MigrationStep.Fail);
        node.Apply(Decision.Accept(new NodeAudited(RichSample.Audit.Time, RichSample.Audit)));
        var events = Commit(new TestEntry(node, other) { AskedBy = RichSample.Origin }).Events;
        Restart();

        AssertStored(node, other);
        Assert.Equal(RichSample.Audit.Id.Sequence, LoadAll().LastAuditSequence);
        Assert.Equal(events, Reader.ListEvents(new EventFilter { After = events[0].Revision - 1 }, limit: 10));
        // That the instance of the move stays on the other node came of the audit as well.
        Assert.Equal(
            [ChangeKind.ClaimCorrected, ChangeKind.MigrationFailed, ChangeKind.NodeAudited, ChangeKind.InstanceStayed],
            events.Select(recorded => recorded.Kind));
        Assert.All(events, recorded => Assert.Equal(RichSample.Audit.Id, recorded.AuditId));
        Assert.Equal((Sample.Amounts(2, 512), Sample.Amounts(3, 512)), (events[0].AmountsBefore, events[0].Amounts));
    }

    // Resized in place, or moved from another node, whichever stands first in the commit.
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void An_instance_that_stays_after_an_audit_ended_its_migration_names_the_audit_and_no_other_does(bool inPlace, bool sourceFirst)
    {
        var node = NewNode(1);
        var source = inPlace ? node : NewNode(2);
        var bystander = NewNode(3);
        _ = new DrivenMove(source, node).Start(inPlace ? MigrationType.Resize : MigrationType.ColdMigration);
        var other = new DrivenMove(bystander, bystander, "other").Start(MigrationType.Resize);
        Commit(inPlace ? [node, bystander] : [node, source, bystander]);
        var after = Sample.LeaseEnd.Add(TimeSpan.FromSeconds(1));
        var observed = new ObservedNode(node.View.Generation, after, AuditScopes.None, node.View.Spec.Inventories, null, [], []);
        var order = new AuditOrder(
            RichSample.Audit.Id, AuditMode.Heal, "agent", null, after, Sample.Now, new OrphanBounds(0, 0, UnconfirmedPercent: 100), _ => default,
            () => throw new InvalidOperationException("nothing is adopted"));
        var before = node.View;
        var decided = node.Decide(view => DriftRules.Audit(view, observed, order)).Changes;
        foreach (var (_, stays) in MigrationRules.StaysElsewhere(before, decided, _ => source.View).ToList())
            source.Apply(Decision.Accept(stays));
        other.End(MigrationStep.Fail);
        DrivenNode[] audited = inPlace ? [node] : sourceFirst ? [source, node] : [node, source];
        var events = Commit(new TestEntry(audited), new TestEntry(bystander)).Events;
        Restart();

        Assert.Equal(events, Reader.ListEvents(new EventFilter { After = events[0].Revision - 1 }, limit: 10));
        var stayed = events.Where(recorded => recorded.Kind == ChangeKind.InstanceStayed).ToList();
        Assert.Equal([RichSample.Audit.Id, null], stayed.Select(recorded => recorded.AuditId));
        Assert.Equal(source.View.NodeKey, stayed[0].NodeKey);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_node_that_returns_after_it_was_deleted_comes_back_without_its_earlier_audit(bool inOneBatch)
    {
        var node = NewNode(1);
        Commit(node);
        node.Apply(Decision.Accept(new NodeAudited(RichSample.Audit.Time, RichSample.Audit)));
        var audited = new TestEntry(node);
        if (!inOneBatch)
            Commit(audited);
        node.Decide(view => NodeRules.Delete(view, force: false, "", null, Sample.Now));
        node.Decide(view => NodeRules.Register(view, view.Spec, null, Sample.Now));
        var returned = new TestEntry(node);
        if (inOneBatch)
            Commit(audited, returned);
        else
            Commit(returned);
        Restart();

        Assert.Null(node.View.LastAudit);
        AssertStored(node);
        Assert.Equal(RichSample.Audit.Id.Sequence, LoadAll().LastAuditSequence);
    }

    [Fact]
    public void Addresses_of_devices_stored_as_agents_wrote_them_come_back_in_the_ledgers_writing()
    {
        Device[] written =
        [
            new Device("00000000:3B:00.0", "8086", "1572", DeviceType.PhysicalFunction, null, null, []),
            new Device("0000:3B:02.1", "8086", "154c", DeviceType.VirtualFunction, "00000000:3B:00.0", null, []),
        ];
        var node = DrivenNode.Registered(Sample.Spec("node-1") with { Devices = [.. written] });
        var claim = Sample.HeldClaim(node.NextClaimId(), Sample.Instance("instance-1"), Sample.Amounts(1, 512)) with
        {
            Assignment = new Assignment([], [new AssignedDevice("nic", written[1].Address) { ParentAddress = written[1].ParentAddress }]),
            Generation = node.View.Generation + 1,
        };
        node.Apply(Decision.Accept(new ClaimChanged(ChangeKind.InstanceClaimed, Sample.Now, null, claim, "")));
        Commit(node);
        Restart();

        var stored = Assert.Single(LoadAll().Nodes);
        Assert.Equal(
            [("0000:3b:00.0", null), ("0000:3b:02.1", "0000:3b:00.0")], stored.Spec.Devices.Select(device => (device.Address, device.ParentAddress)));
        var owned = Assert.Single(Assert.Single(stored.Claims.Values).Assignment.Devices);
        Assert.Equal(("0000:3b:02.1", "0000:3b:00.0"), (owned.Address, owned.ParentAddress));
        Assert.Equal([0, claim.Id.Sequence], stored.DeviceUsage.Owners.ToArray());
    }

    [Fact]
    public void Each_step_of_a_claims_life_comes_back()
    {
        var node = NewNode(1);
        Commit(node);
        var claim = node.Claim("instance-1", Sample.Amounts(2, 512));
        CommitAndCompare();
        node.Decide(view => ClaimRules.Renew(view, claim.Id, null, Sample.LeaseEnd.Add(TimeSpan.FromHours(1)), Sample.Now));
        CommitAndCompare();
        node.Decide(view => ClaimRules.Confirm(view, claim.Id, null, Sample.Now));
        CommitAndCompare();
        node.Decide(view => ClaimRules.Release(view, claim.Id, null, "deleted", Sample.Now));
        CommitAndCompare();

        void CommitAndCompare()
        {
            Commit(node);
            AssertStored(node);
        }
    }

    [Theory]
    [InlineData(MigrationStep.Confirm)]
    [InlineData(MigrationStep.Revert)]
    [InlineData(MigrationStep.Fail)]
    [InlineData(MigrationStep.Expire)]
    public void Each_step_of_a_moves_life_comes_back(MigrationStep end)
    {
        var move = new DrivenMove(NewNode(1), NewNode(2));
        CommitAndCompare();
        var active = move.SourceClaim!;
        move.Source.Decide(view => ClaimRules.UpdateInstance(view, active.Id, null, _ => RichSample.Instance with { Id = move.Instance }, Sample.Now));
        move.Start(MigrationType.LiveMigration);
        CommitAndCompare();
        move.Update(MigrationStep.Run, "copying \"memory\"", leaseEnd: Sample.LeaseEnd.Add(TimeSpan.FromMinutes(1)));
        CommitAndCompare();
        switch (end)
        {
            case MigrationStep.Confirm:
                move.Update(MigrationStep.Finish);
                CommitAndCompare();
                move.Confirm();
                Assert.Equal(ClaimRole.Primary, move.TargetClaim!.Role);
                break;
            case MigrationStep.Expire:
                move.Expire(Sample.LeaseEnd.Add(TimeSpan.FromHours(1)));
                break;
            default:
                move.End(end, reason: "no");
                break;
        }

        var ended = move.Target.Changes.Select(applied => applied.Change).OfType<MigrationChanged>().Last().After;
        Assert.NotNull(ended.EndTime);
        CommitAndCompare();
        Assert.Equal(ended, Reader.FindMigration(move.Id.Sequence));
        Assert.Equal(move.TargetId.Sequence, LoadAll().LastClaimSequence);

        void CommitAndCompare()
        {
            Commit(move.Source, move.Target);
            Restart();
            AssertStored(move.Source, move.Target);
            NodeViewAssert.Equal(move.Target.View, Assert.Single(Store.LoadNodes(new HashSet<int> { 2 })));
            NodeViewAssert.Equal(move.Target.View, Assert.Single(Reader.ReadNodes(2)).Node);
        }
    }

    [Fact]
    public void A_claim_that_becomes_primary_and_changes_again_in_one_batch_comes_back()
    {
        var move = new DrivenMove(NewNode(1), NewNode(2));
        move.Start();
        Commit(move.Source, move.Target);
        move.Update(MigrationStep.Run);
        move.Confirm();
        move.Target.Decide(view => ClaimRules.UpdateInstance(
            view, move.TargetId, null, instance => instance with { VmState = "active", ProjectId = "project-2" }, Sample.Now));
        Commit(move.Source, move.Target);
        Restart();

        AssertStored(move.Source, move.Target);
    }

    [Fact]
    public void A_claim_that_is_corrected_comes_back()
    {
        var node = DrivenNode.Registered(RichSample.Spec(), nodeKey: 5);
        var before = node.Confirm(node.Claim("instance-1", Sample.Amounts(1, 2)));
        Commit(node);
        var after = before with { Request = RichSample.Request, Assignment = RichSample.Assignment, Generation = node.View.Generation + 1 };
        node.Apply(Decision.Accept(new ClaimChanged(ChangeKind.InstanceUpdated, Sample.Now, before, after, "")));
        Commit(node);
        Restart();

        AssertStored(node);
    }

    [Fact]
    public void A_deleted_node_comes_back_absent_and_goes_on_when_it_is_registered_again()
    {
        var node = NewNode(1);
        node.Claim("instance-1", Sample.Amounts(2, 512));
        node.Decide(view => NodeRules.Delete(view, force: true, "gone", null, Sample.Now));
        Commit(node);
        AssertStored(node);

        node.Decide(view => NodeRules.Register(view, Sample.Spec("node-1"), null, Sample.Now.Add(TimeSpan.FromHours(1))));
        Commit(node);
        AssertStored(node);
    }

    [Fact]
    public void A_batch_leaves_each_node_as_its_last_entry_does()
    {
        var (first, second) = (NewNode(1), NewNode(2));
        var registered = new TestEntry(first, second);
        var claim = first.Claim("instance-1", Sample.Amounts(2, 512));
        var claimed = new TestEntry(first);
        second.Claim("instance-2", Sample.Amounts(1, 1));
        first.Release(claim);
        first.Claim("instance-3", Sample.Amounts(3, 3));
        Commit(registered, claimed, new TestEntry(second), new TestEntry(first));
        Restart();

        AssertStored(first, second);
    }

    [Fact]
    public void Any_life_of_a_node_comes_back() => Operation.Lives.Array[1, 3].Sample(
        lives =>
        {
            // Node keys and claims of their own for each try: the store stays the same.
            foreach (var life in lives)
            {
                var twins = new TwinLedgers(++_lastNodeKey);
                for (var i = 0; i < life.Length; i++)
                {
                    twins.Run(life[i]);
                    if (i % 3 == 0)
                        Commit(twins.Node);
                }

                Commit(twins.Node);
                NodeViewAssert.Equal(twins.Node.View, LoadOne(twins.Node.View.NodeKey) ?? NodeView.Unregistered(_lastNodeKey, twins.Node.View.Id));
            }
        },
        iter: 20,
        threads: 1);

    [Fact]
    public void Load_nodes_gives_those_asked_for_that_are_known()
    {
        var (first, second) = (NewNode(1), NewNode(2));
        first.Claim("instance-1", Sample.Amounts(2, 512));
        Commit(first, second);

        NodeViewAssert.Equal(first.View, Assert.Single(Store.LoadNodes(new HashSet<int> { 1, 7 })));
        Assert.Empty(Store.LoadNodes(new HashSet<int>()));
    }

    [Fact]
    public void A_change_decided_before_another_writers_change_is_refused_and_nothing_of_its_batch_is_written()
    {
        var (node, other) = (NewNode(1), NewNode(2));
        Commit(node, other);
        var late = SameAs(node.View);
        node.Claim("instance-1", Sample.Amounts(8, 512));
        Commit(node);

        late.Claim("instance-2", Sample.Amounts(8, 512));
        var untouched = other.View;
        other.Claim("instance-3", Sample.Amounts(8, 512));
        Assert.Throws<GenerationConflictException>(() => Commit(other, late));

        Store.Reopen();
        AssertStored(node, SameAs(untouched));
    }

    [Fact]
    public void A_node_that_another_writer_registered_first_is_refused_and_nothing_is_written()
    {
        var node = NewNode(1);
        Commit(node);

        Assert.Throws<GenerationConflictException>(() => Commit(DrivenNode.Registered(RichSample.Spec("node-1"), nodeKey: 1)));

        Store.Reopen();
        AssertStored(node);
    }

    [Fact]
    public void A_change_of_a_node_that_the_store_does_not_know_is_refused()
    {
        var node = NewNode(1);
        node.TakeChanges();
        node.Claim("instance-1", Sample.Amounts(1, 1));

        Assert.Throws<GenerationConflictException>(() => Commit(node));
    }

    [Fact]
    public void Commits_go_on_after_a_refused_one_and_a_reopen()
    {
        var node = NewNode(1);
        Commit(node);
        Assert.Throws<GenerationConflictException>(() => Commit(DrivenNode.Registered(nodeKey: 1)));
        Store.Reopen();
        node.Claim("instance-1", Sample.Amounts(1, 1));
        Commit(node);
        Restart();

        AssertStored(node);
    }

    private NodeView? LoadOne(int nodeKey) => Store.LoadNodes(new HashSet<int> { nodeKey }).SingleOrDefault();
}
