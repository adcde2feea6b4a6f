using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Migrations;

public class MigrationRulesTests
{
    private readonly DrivenNode _source = DrivenNode.Registered(Sample.Spec("node-1"), nodeKey: 1);
    private readonly DrivenNode _target = DrivenNode.Registered(Sample.Spec("node-2"), nodeKey: 2);

    [Fact]
    public void A_move_claims_what_the_source_was_asked_for_and_leaves_the_source_alone()
    {
        var move = new DrivenMove(_source, _target);
        var before = _source.View;

        move.Start(MigrationType.Evacuation);

        Assert.Same(before, _source.View);
        Assert.Equal(new MigrationId(2, move.TargetId.Sequence), move.Id);
        Assert.Equal(
            (MigrationType.Evacuation, move.SourceId, move.TargetId, MigrationState.Preparing, Sample.LeaseEnd),
            (move.InFlight!.Type, move.InFlight.Source, move.InFlight.Target, move.InFlight.State, move.InFlight.LeaseEnd));
        Assert.Equal(
            (ClaimState.Held, ClaimRole.MoveTarget, Sample.LeaseEnd, move.SourceClaim!.Request),
            (move.TargetClaim!.State, move.TargetClaim.Role, move.TargetClaim.LeaseEnd, move.TargetClaim.Request));
        Assert.Equal([512, 2], _target.View.Used.ToArray());
    }

    [Fact]
    public void A_resize_in_place_holds_the_old_and_the_new_amounts()
    {
        var move = new DrivenMove(_source, _source, amounts: Sample.Amounts(3, 1_000)).Start(MigrationType.Resize, Sample.Amounts(4, 2_000));
        Assert.Equal([3_000, 7], _source.View.Used.ToArray());

        move.Confirm(ofResize: true);

        Assert.Equal([2_000, 4], _source.View.Used.ToArray());
        Assert.Equal(move.TargetId, Assert.Single(_source.View.Claims.Values).Id);
        Assert.Equal(ClaimRole.Primary, move.TargetClaim!.Role);
    }

    [Fact]
    public void A_resize_in_place_that_does_not_fit_beside_the_old_amounts_is_refused()
    {
        var move = new DrivenMove(_source, _source, amounts: Sample.Amounts(5, 1));

        var refusal = move.TryStart(DrivenMove.Request(MigrationType.Resize, Sample.Amounts(4, 1))).Refusal!;

        Assert.Equal(RefusalKind.DoesNotFit, refusal.Kind);
        Assert.Equal(new RefusedDimension(RefusalReason.CapacityExceeded, "VCPU", 4, 3, 8), Assert.Single(refusal.Dimensions));
    }

    // In the order of the guards: each row breaks its own rule and all that come after it.
    [Fact]
    public void A_start_is_refused_by_the_first_rule_that_it_breaks()
    {
        var move = new DrivenMove(_source, _target);
        var tooMuch = DrivenMove.Request(amounts: Sample.Amounts(9, 1), generation: 99);
        var held = _source.Claim("held", Sample.Amounts(1, 1));

        Assert.Equal(RefusalKind.DoesNotFit, Refuse(tooMuch with { ExpectedGeneration = null }));
        Assert.Equal(RefusalKind.StaleGeneration, Refuse(tooMuch));
        _target.Decide(view => NodeRules.SetState(view, NodeState.Draining, "", null, Sample.Now));
        Assert.Equal(RefusalKind.NodeNotEnabled, Refuse(tooMuch));
        _target.Decide(view => NodeRules.Delete(view, force: false, "", null, Sample.Now));
        Assert.Equal(RefusalKind.NodeNotFound, Refuse(tooMuch));
        Assert.Equal(RefusalKind.TargetIsSource, KindOf(MigrationRules.Claim(_source.View, move.SourceId, _source.View, tooMuch, move.TargetId, Sample.Now)));
        Assert.Equal(RefusalKind.ClaimWrongState, KindOf(MigrationRules.Claim(_source.View, held.Id, _source.View, tooMuch, move.TargetId, Sample.Now)));
        _source.Release(move.SourceClaim!);
        Assert.Equal(RefusalKind.ClaimNotLive, Refuse(tooMuch));

        RefusalKind? Refuse(MoveRequest request) => KindOf(move.TryStart(request));
    }

    [Fact]
    public void A_source_that_is_disabled_lets_its_instances_go()
    {
        var move = new DrivenMove(_source, _target);
        _source.Decide(view => NodeRules.SetState(view, NodeState.Disabled, "", null, Sample.Now));

        Assert.NotNull(move.Start().InFlight);
    }

    [Fact]
    public void A_live_migration_names_every_cell_whose_pages_would_change()
    {
        var move = new DrivenMove(_source, _target);
        var claim = move.SourceClaim!;
        Correct(claim, claim with { Assignment = new Assignment([Cell(0, 2_048), Cell(1, 4), Cell(2, 1_048_576)], []) });

        // The target gives no cells at all here: every page size of the source is lost.
        var refusal = move.TryStart(DrivenMove.Request(MigrationType.LiveMigration)).Refusal!;

        Assert.Equal(RefusalKind.DoesNotFit, refusal.Kind);
        Assert.Equal(
            [(RefusalReason.NumaPageSizeChanged, 0, 2_048L, 0L), (RefusalReason.NumaPageSizeChanged, 1, 4L, 0L), (RefusalReason.NumaPageSizeChanged, 2, 1_048_576L, 0L)],
            refusal.Dimensions.Select(dimension => (dimension.Reason, dimension.RequestCell!.Value, dimension.Requested, dimension.Available)));
        Assert.Contains("cell 1: pages of 4 KiB on the source, of 0 KiB here", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(move.Start(MigrationType.ColdMigration).InFlight);
    }

    [Fact]
    public void Progress_renews_the_lease_of_the_move_and_of_its_target_until_it_has_finished()
    {
        var move = new DrivenMove(_source, _target).Start();
        var later = Sample.LeaseEnd.Add(TimeSpan.FromMinutes(5));

        move.Update(MigrationStep.Run, "copying", leaseEnd: later);
        Assert.Equal((MigrationState.Running, later, "copying", later), StateOf(move));
        move.Update(MigrationStep.Renew, leaseEnd: Sample.LeaseEnd);
        Assert.Equal((MigrationState.Running, Sample.LeaseEnd, "copying", Sample.LeaseEnd), StateOf(move));
        move.Update(MigrationStep.Finish, "arrived");
        Assert.Equal((MigrationState.Finished, null, "arrived", null), StateOf(move));
        Assert.Empty(move.Update(MigrationStep.Renew, leaseEnd: later).Changes);
        Assert.Empty(move.Update(MigrationStep.Finish, "arrived").Changes);

        move.Expire(later.Add(TimeSpan.FromDays(400)));
        Assert.NotNull(move.InFlight);

        static (MigrationState, Instant?, string, Instant?) StateOf(DrivenMove move) =>
            (move.InFlight!.State, move.InFlight.LeaseEnd, move.InFlight.Reason, move.TargetClaim!.LeaseEnd);
    }

    [Fact]
    public void A_move_does_not_go_back_and_does_not_go_on_after_its_lease()
    {
        var move = new DrivenMove(_source, _target).Start();
        move.Update(MigrationStep.Run);

        Assert.Equal(RefusalKind.MigrationWrongState, move.Update(MigrationStep.Prepare).Refusal!.Kind);
        Assert.Equal("RUNNING", move.Update(MigrationStep.Prepare).Refusal!.Metadata.Single(pair => pair.Key == "state").Value);
        Assert.Equal(RefusalKind.MigrationWrongState, move.Update(MigrationStep.Renew, now: Sample.LeaseEnd).Refusal!.Kind);
        Assert.Equal(RefusalKind.MigrationWrongState, move.Confirm(now: Sample.LeaseEnd).Refusal!.Kind);
        // What ends on the target anyway may be ended.
        Assert.Null(move.End(MigrationStep.Fail, now: Sample.LeaseEnd).Refusal);
    }

    [Fact]
    public void A_confirmed_target_knows_of_the_instance_what_the_source_knew_last()
    {
        var move = new DrivenMove(_source, _target).Start();
        _source.Decide(view => ClaimRules.UpdateInstance(
            view, move.SourceId, null, instance => instance with { VmState = "resized", ProjectId = "project-2" }, Sample.Now));

        move.Confirm();

        Assert.Equal(("resized", "project-2"), (move.TargetClaim!.Instance.VmState, move.TargetClaim.Instance.ProjectId));
    }

    [Fact]
    public void Each_step_asks_for_the_type_and_the_generation_of_the_target()
    {
        var move = new DrivenMove(_source, _target).Start();

        Assert.Equal(RefusalKind.MigrationWrongType, move.Confirm(ofResize: true).Refusal!.Kind);
        Assert.Equal(RefusalKind.MigrationWrongType, move.End(MigrationStep.Revert, ofResize: true).Refusal!.Kind);
        Assert.Equal("COLD_MIGRATION", move.Confirm(ofResize: true).Refusal!.Metadata.Single(pair => pair.Key == "type").Value);
        Assert.Equal(RefusalKind.StaleGeneration, move.Confirm(generation: 1).Refusal!.Kind);
        Assert.Equal(RefusalKind.StaleGeneration, move.End(MigrationStep.Fail, generation: 1).Refusal!.Kind);
        Assert.Equal(RefusalKind.StaleGeneration, move.Update(MigrationStep.Run, generation: 1).Refusal!.Kind);
        Assert.Null(move.Confirm(generation: _target.View.Generation).Refusal);
        Assert.Equal(RefusalKind.MigrationNotInFlight, move.Confirm().Refusal!.Kind);
        Assert.Equal(RefusalKind.MigrationNotInFlight, move.End(MigrationStep.Revert).Refusal!.Kind);
        Assert.Equal(RefusalKind.MigrationNotInFlight, move.Update(MigrationStep.Run).Refusal!.Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Only_the_steps_of_a_move_change_its_target(bool finished)
    {
        var move = new DrivenMove(_source, _target).Start();
        if (finished)
            move.Update(MigrationStep.Finish);
        Decision[] decisions =
        [
            _target.Decide(view => ClaimRules.Confirm(view, move.TargetId, null, Sample.Now)),
            _target.Decide(view => ClaimRules.Renew(view, move.TargetId, null, Sample.LeaseEnd, Sample.Now)),
            _target.Decide(view => ClaimRules.Abort(view, move.TargetId, null, "", Sample.Now)),
        ];

        Assert.All(decisions, decision => Assert.Equal(RefusalKind.ClaimWrongState, decision.Refusal!.Kind));
        Assert.Empty(LedgerInvariants.VerifyMigrations(_target.View));
    }

    [Fact]
    public void A_moving_instance_that_ends_leaves_nothing_on_either_node()
    {
        var move = new DrivenMove(_source, _target).Start();

        var decision = move.Release();

        Assert.Equal([ChangeKind.MigrationFailed, ChangeKind.ClaimReleased], decision.OnTarget.Concat(decision.OnSource).Select(change => change.Kind));
        Assert.All(decision.OnTarget.Concat(decision.OnSource), change => Assert.Equal((ClaimState.Released, "deleted"), (change.ClaimAfter!.State, change.ClaimAfter.Reason)));
        Assert.Equal(move.Id, ((ClaimChanged)decision.OnSource[0]).Migration!.Id);
        Assert.Empty(_source.View.Claims);
        Assert.Empty(_target.View.Claims);
        Assert.Empty(_target.View.Migrations);
        Assert.Equal(RefusalKind.ClaimNotLive, move.Release().Refusal!.Kind);
    }

    [Theory]
    [InlineData(MigrationStep.Revert)]
    [InlineData(MigrationStep.Fail)]
    [InlineData(MigrationStep.Expire)]
    public void The_end_of_a_move_touches_the_claim_that_stays(MigrationStep step)
    {
        foreach (var target in new[] { _target, _source })
        {
            var move = new DrivenMove(_source, target, $"on-{target.View.Id}").Start(MigrationType.Resize);
            var (before, used) = (move.SourceClaim!, _source.View.Used.ToArray());
            var generation = _source.View.Generation;
            var later = Sample.LeaseEnd.Add(TimeSpan.FromSeconds(1));

            if (step == MigrationStep.Expire)
                move.Expire(later);
            else
                move.End(step, now: later);

            Assert.Equal(before with { UpdateTime = later, Generation = _source.View.Generation }, move.SourceClaim);
            Assert.Equal(generation + (target == _source ? 2 : 1), _source.View.Generation);
            Assert.Equal((ChangeKind.InstanceStayed, move.Id), ((ClaimChanged)_source.Changes[^1].Change) is var stays ? (stays.Kind, stays.Migration!.Id) : default);
            Assert.Equal(target == _source, used[0] > _source.View.Used[0]);
        }
    }

    [Fact]
    public void Moves_that_end_together_touch_their_sources_one_by_one()
    {
        var moves = Enumerable.Range(0, 3).Select(i => new DrivenMove(_source, _target, $"mover-{i}").Start(amounts: Sample.Amounts(1, 64))).ToList();
        _source.Release(moves[1].SourceClaim!);

        var stays = MigrationRules.StaysElsewhere(
            _target.View, NodeRules.Delete(_target.View, force: true, "", null, Sample.Now).Changes, _ => _source.View).ToList();

        foreach (var (nodeKey, change) in stays)
        {
            Assert.Equal(_source.View.NodeKey, nodeKey);
            _source.Apply(Decision.Accept(change));
        }

        Assert.Equal([moves[0].SourceId, moves[2].SourceId], stays.Select(stay => stay.Change.ClaimAfter!.Id));
    }

    [Fact]
    public void A_ledger_refuses_a_move_that_disagrees_with_its_target()
    {
        var move = new DrivenMove(_source, _target).Start();
        var (migration, claim) = (move.InFlight!, move.TargetClaim!);
        var next = _target.View.Generation + 1;

        Assert.Throws<InvariantBrokenException>(() => _target.Ledger.Apply(new MigrationChanged(
            ChangeKind.MigrationUpdated, Sample.Now, migration, migration with { LeaseEnd = null, Generation = next }, claim, claim with { Generation = next }, "")));
        Assert.Throws<InvariantBrokenException>(() => _target.Ledger.Apply(new MigrationChanged(
            ChangeKind.MigrationUpdated, Sample.Now, migration with { Reason = "another" }, migration with { Generation = next }, claim, claim with { Generation = next }, "")));
    }

    [Fact]
    public void Moves_that_disagree_with_their_claims_are_found()
    {
        var move = new DrivenMove(_source, _target).Start();
        var view = _target.View;

        Assert.Empty(LedgerInvariants.VerifyMigrations(view));
        Assert.Single(LedgerInvariants.VerifyMigrations(view with { Migrations = view.Migrations.Clear() }));
        Assert.Single(LedgerInvariants.VerifyMigrations(view with { Claims = view.Claims.Clear() }));
        Assert.Equal(2, LedgerInvariants.VerifyMigrations(
            view with { Migrations = view.Migrations.SetItem(move.Id.Sequence, move.InFlight! with { LeaseEnd = null }) }).Count);
    }

    private void Correct(Claim before, Claim after) => _source.Apply(Decision.Accept(new ClaimChanged(
        ChangeKind.InstanceUpdated, Sample.Now, before, after with { Generation = _source.View.Generation + 1 }, "")));

    private static CellAssignment Cell(int id, long pageSizeKb) => new(id, pageSizeKb, pageSizeKb, [], CpuSet.Empty, CpuSet.Empty, CpuSet.Empty, 1_024);

    private static RefusalKind? KindOf(Decision decision) => decision.Refusal?.Kind;
}
