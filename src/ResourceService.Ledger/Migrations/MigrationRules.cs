using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Migrations;

/// <summary>
/// The life of a move, decided on the pictures of its nodes. Pure: time and ids come in. The move belongs to the target's node, and its progress needs
/// only that. Its end changes both nodes and is decided on both at once: where the instance does not stay its claim is dropped, and where it stays the
/// claim is touched, so that a host's picture from before the end is known to be older. The guards stand in the documented order: existence, state,
/// generation, constraints, capacity.
/// </summary>
public static class MigrationRules
{
    /// <summary>A new move: the instance's resources are claimed on the target, the source stays as it is.</summary>
    /// <param name="source">The node that holds the instance's primary claim.</param>
    /// <param name="sourceId">That claim.</param>
    /// <param name="target">The node to move to; the same picture for a resize in place.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="targetId">The id of the claim on the target.</param>
    /// <param name="now">The moment of the decision.</param>
    /// <param name="observed">What the target was seen to run of the instance; it ends with the decision.</param>
    public static Decision Claim(
        NodeView source, ClaimId sourceId, NodeView target, MoveRequest request, ClaimId targetId, Instant now, ClaimId? observed = null)
    {
        if (!source.Claims.TryGetValue(sourceId.Sequence, out var held))
            return Decision.Refuse(ClaimRules.NotLive(sourceId));
        if (held.State != ClaimState.Active)
            return Decision.Refuse(ClaimRules.WrongState(held, "only an instance whose claim is ACTIVE can move"));
        if (request.Type != MigrationType.Resize && source.NodeKey == target.NodeKey)
            return Decision.Refuse(TargetIsSource(target.Id));
        if (ClaimRules.RefuseNewClaims(target) is { } closed)
            return Decision.Refuse(closed);
        if (NodeRules.RefuseStale(target, request.ExpectedGeneration) is { } stale)
            return Decision.Refuse(stale);

        var unknownDevice = "";
        var resources = request.Resources ?? HeldRequest.Of(source, held, out unknownDevice);
        if (resources is null)
            return Decision.Refuse(ClaimRules.WrongState(held, $"its node does not know device {unknownDevice} any more; say what it needs in resources"));
        var room = ClaimRules.WithoutObserved(target, observed, now, out var ended);
        if (FitRules.Fit(room, resources, out var assignment) != RefusalReason.None)
            return Decision.Refuse(ClaimRules.DoesNotFit(room, resources));
        if (request.Type == MigrationType.LiveMigration && PageSizesChanged(held.Assignment, assignment) is { Count: > 0 } changed)
            return Decision.Refuse(ClaimRules.DoesNotFit(target, changed));

        var generation = room.Generation + 1;
        var leaseEnd = now.Add(request.Lease);
        var claim = new Claim(targetId, held.Instance, resources, ClaimState.Held, leaseEnd, now, now, "")
        {
            Assignment = assignment,
            Role = ClaimRole.MoveTarget,
            Generation = generation,
        };
        var migration = new Migration(
            request.Type, held.Instance.Id, sourceId, targetId, MigrationState.Preparing, leaseEnd, now, now, null, "")
        {
            Generation = generation,
        };
        var started = new MigrationChanged(ChangeKind.MigrationClaimed, now, null, migration, null, claim, "");
        return ended is null ? Decision.Accept(started) : new Decision([ended, started], null);
    }

    /// <summary>A sign of life: the move goes on and its lease is renewed, until it has finished.</summary>
    /// <param name="target">The target's node.</param>
    /// <param name="id">The move.</param>
    /// <param name="step">How far it is; <see cref="MigrationStep.Renew"/> for no further than before.</param>
    /// <param name="reason">What the caller says; empty leaves what was said before.</param>
    /// <param name="expectedGeneration">The generation the node must have; null when it does not matter.</param>
    /// <param name="leaseEnd">When the next sign of life is due.</param>
    /// <param name="now">The moment of the decision.</param>
    public static Decision Update(
        NodeView target, MigrationId id, MigrationStep step, string reason, long? expectedGeneration, Instant leaseEnd, Instant now)
    {
        if (Find(target, id, ofResize: null, out var before) is { } refusal)
            return Decision.Refuse(refusal);
        if (Next(before, step, out var next) is { } wrong)
            return Decision.Refuse(wrong);
        if (before.LeaseEnd <= now)
            return Decision.Refuse(WrongState(before, "its lease has ended"));
        if (NodeRules.RefuseStale(target, expectedGeneration) is { } stale)
            return Decision.Refuse(stale);

        var after = before with
        {
            State = next,
            LeaseEnd = next == MigrationState.Finished ? null : leaseEnd,
            UpdateTime = now,
            Reason = reason.Length > 0 ? reason : before.Reason,
            Generation = target.Generation + 1,
        };
        if (before.State == MigrationState.Finished && string.Equals(before.Reason, after.Reason, StringComparison.Ordinal))
            return Decision.Unchanged;
        var claim = target.Claims[id.Sequence];
        var claimAfter = claim with { LeaseEnd = after.LeaseEnd, UpdateTime = now, Generation = after.Generation };
        return Decision.Accept(new MigrationChanged(ChangeKind.MigrationUpdated, now, before, after, claim, claimAfter, reason));
    }

    /// <summary>
    /// The instance stays on the target: the claim there becomes its primary one, with what is known of the instance by now, and the source's is
    /// released. A source that is gone already holds nothing to release.
    /// </summary>
    /// <param name="target">The target's node.</param>
    /// <param name="source">The source's node; the same picture for a resize in place.</param>
    /// <param name="id">The move.</param>
    /// <param name="ofResize">Whether the step is a resize's or another move's.</param>
    /// <param name="expectedGeneration">The generation the target's node must have; null when it does not matter.</param>
    /// <param name="now">The moment of the decision.</param>
    public static MoveDecision Confirm(NodeView target, NodeView source, MigrationId id, bool ofResize, long? expectedGeneration, Instant now)
    {
        if (Find(target, id, ofResize, out var before) is { } refusal)
            return MoveDecision.Refuse(refusal);
        if (Next(before, MigrationStep.Confirm, out var next) is { } wrong)
            return MoveDecision.Refuse(wrong);
        if (before.LeaseEnd <= now)
            return MoveDecision.Refuse(WrongState(before, "its lease has ended"));
        if (NodeRules.RefuseStale(target, expectedGeneration) is { } stale)
            return MoveDecision.Refuse(stale);

        var left = source.Claims.GetValueOrDefault(before.Source.Sequence);
        var claim = target.Claims[id.Sequence];
        var after = before with { State = next, LeaseEnd = null, UpdateTime = now, EndTime = now, Generation = target.Generation + 1 };
        var claimAfter = claim with
        {
            Instance = left?.Instance ?? claim.Instance,
            Role = ClaimRole.Primary,
            State = ClaimState.Active,
            LeaseEnd = null,
            UpdateTime = now,
            Generation = after.Generation,
        };
        var confirmed = new MigrationChanged(ChangeKind.MigrationConfirmed, now, before, after, claim, claimAfter, "");
        return MoveDecision.Accept([confirmed], left is null ? [] : [ReleaseSource(left, after, "the instance moved away", now, NextOnSource(source, target, 1))]);
    }

    /// <summary>The instance stays on the source: the claim on the target ends.</summary>
    /// <param name="target">The target's node.</param>
    /// <param name="source">The source's node; the same picture for a resize in place.</param>
    /// <param name="id">The move.</param>
    /// <param name="step"><see cref="MigrationStep.Revert"/> or <see cref="MigrationStep.Fail"/>.</param>
    /// <param name="ofResize">Whether the step is a resize's or another move's; null for a step of all moves.</param>
    /// <param name="reason">Why, in the caller's words; may be empty.</param>
    /// <param name="expectedGeneration">The generation the target's node must have; null when it does not matter.</param>
    /// <param name="now">The moment of the decision.</param>
    public static MoveDecision End(
        NodeView target, NodeView source, MigrationId id, MigrationStep step, bool? ofResize, string reason, long? expectedGeneration, Instant now)
    {
        if (Find(target, id, ofResize, out var before) is { } refusal)
            return MoveDecision.Refuse(refusal);
        if (Next(before, step, out _) is { } wrong)
            return MoveDecision.Refuse(wrong);
        if (NodeRules.RefuseStale(target, expectedGeneration) is { } stale)
            return MoveDecision.Refuse(stale);

        var ended = EndChange(target, id.Sequence, step, ClaimState.Aborted, reason, now, target.Generation + 1);
        return MoveDecision.Accept([ended], Stay(source, ended, NextOnSource(source, target, 1)) is { } stays ? [stays] : []);
    }

    /// <summary>What the moves that end with changes of their target mean for the other nodes, which their instances do not leave after all.</summary>
    /// <param name="target">The target's node.</param>
    /// <param name="changes">Its changes.</param>
    /// <param name="sourceOf">The nodes that its moves come from, by their numbers.</param>
    public static IEnumerable<(int NodeKey, LedgerChange Change)> StaysElsewhere(
        NodeView target, IEnumerable<LedgerChange> changes, Func<int, NodeView> sourceOf)
    {
        foreach (var ends in EndedElsewhere(target, changes).GroupBy(ended => ended.After.Source.NodeKey))
        {
            var source = sourceOf(ends.Key);
            var generation = source.Generation;
            foreach (var ended in ends)
            {
                if (Stay(source, ended, generation + 1) is not { } stays)
                    continue;
                generation++;
                yield return (ends.Key, stays);
            }
        }
    }

    /// <summary>The moves from other nodes that end with changes of their target, other than by being confirmed.</summary>
    public static IEnumerable<MigrationChanged> EndedElsewhere(NodeView target, IEnumerable<LedgerChange> changes) => changes
        .OfType<MigrationChanged>()
        .Where(change => !change.TargetAfter.State.IsLive() && change.After.Source.NodeKey != target.NodeKey);

    /// <summary>The instance is gone: whatever it holds on the two nodes of its move ends, and the move, if it still is in flight, has failed.</summary>
    /// <param name="target">The target's node.</param>
    /// <param name="targetId">The claim on the target.</param>
    /// <param name="source">The source's node; the same picture for a resize in place, or when the source is gone.</param>
    /// <param name="sourceId">The claim on the source; null when it is gone.</param>
    /// <param name="reason">Why, in the caller's words; may be empty.</param>
    /// <param name="now">The moment of the decision.</param>
    public static MoveDecision Release(NodeView target, ClaimId targetId, NodeView source, ClaimId? sourceId, string reason, Instant now)
    {
        var migration = target.Migrations.GetValueOrDefault(targetId.Sequence);
        ValueList<LedgerChange> onTarget = migration is not null
            ? [EndChange(target, targetId.Sequence, MigrationStep.Fail, ClaimState.Released, reason, now, target.Generation + 1)]
            : target.Claims.TryGetValue(targetId.Sequence, out var arrived)
                ? [ClaimRules.EndChange(arrived, ChangeKind.ClaimReleased, ClaimState.Released, reason, now, target.Generation + 1)]
                : [];
        ValueList<LedgerChange> onSource = sourceId is { } id && source.Claims.TryGetValue(id.Sequence, out var left)
            ? [ReleaseSource(left, migration, reason, now, NextOnSource(source, target, onTarget.Count))]
            : [];
        return onTarget.Count + onSource.Count == 0
            ? MoveDecision.Refuse(ClaimRules.NotLive(targetId))
            : MoveDecision.Accept(onTarget, onSource);
    }

    /// <summary>Ends a move in flight other than by confirming it.</summary>
    /// <param name="target">The target's node.</param>
    /// <param name="sequence">The move's sequence.</param>
    /// <param name="step">How it ends.</param>
    /// <param name="claimState">How its claim ends.</param>
    /// <param name="reason">Why; may be empty.</param>
    /// <param name="now">The moment of the decision.</param>
    /// <param name="generation">The node's generation right after the change.</param>
    internal static MigrationChanged EndChange(
        NodeView target, long sequence, MigrationStep step, ClaimState claimState, string reason, Instant now, long generation)
    {
        var before = target.Migrations[sequence];
        var claim = target.Claims[sequence];
        var next = MigrationTransitions.Next(before.State, step);
        Invariant.Require(next is { } state && !state.IsInFlight(), "only a move in flight ends");
        var kind = step switch
        {
            MigrationStep.Revert => ChangeKind.MigrationReverted,
            MigrationStep.Expire => ChangeKind.MigrationExpired,
            _ => ChangeKind.MigrationFailed,
        };
        var after = before with
        {
            State = next.Value,
            LeaseEnd = null,
            UpdateTime = now,
            EndTime = now,
            Reason = reason.Length > 0 ? reason : before.Reason,
            Generation = generation,
        };
        var claimAfter = claim with { State = claimState, LeaseEnd = null, UpdateTime = now, Reason = reason, Generation = generation };
        return new MigrationChanged(kind, now, before, after, claim, claimAfter, reason);
    }

    /// <summary>The instance moves already.</summary>
    public static Refusal InFlight(InstanceId instance, MigrationId id) =>
        new(RefusalKind.MigrationInFlight, $"Instance {instance} is already moving: end migration {id} first.")
        {
            Metadata = [KeyValuePair.Create("instance_id", instance.Value), KeyValuePair.Create("migration_id", id.ToString())],
        };

    /// <summary>The step does not belong to moves of this type.</summary>
    public static Refusal WrongType(Migration migration) =>
        new(RefusalKind.MigrationWrongType,
            migration.Type == MigrationType.Resize
                ? $"Migration {migration.Id} is a resize: use ResizeService."
                : $"Migration {migration.Id} is no resize: use MigrationService.")
        {
            Metadata = [KeyValuePair.Create("migration_id", migration.Id.ToString()), KeyValuePair.Create("type", NameOf(migration.Type))],
        };

    /// <summary>The step is not allowed in the move's state.</summary>
    public static Refusal WrongState(Migration migration, string rule) =>
        new(RefusalKind.MigrationWrongState, $"Migration {migration.Id} is {migration.State}: {rule}.")
        {
            Metadata = [KeyValuePair.Create("migration_id", migration.Id.ToString()), KeyValuePair.Create("state", migration.State.ToString().ToUpperInvariant())],
        };

    /// <summary>The source's claim after a move that left it there; null when it is gone.</summary>
    /// <param name="source">The source's node.</param>
    /// <param name="ended">The end of the move.</param>
    /// <param name="generation">The source's generation right after the change.</param>
    internal static ClaimChanged? Stay(NodeView source, MigrationChanged ended, long generation)
    {
        if (!source.Claims.TryGetValue(ended.After.Source.Sequence, out var stays))
            return null;
        var after = stays with { UpdateTime = ended.Time, Generation = generation };
        return new ClaimChanged(ChangeKind.InstanceStayed, ended.Time, stays, after, ended.Reason) { Migration = ended.After };
    }

    // On one node the changes of the target come first.
    private static long NextOnSource(NodeView source, NodeView target, int changesOnTarget) =>
        source.Generation + 1 + (source.NodeKey == target.NodeKey ? changesOnTarget : 0);

    private static ClaimChanged ReleaseSource(Claim left, Migration? migration, string reason, Instant now, long generation) =>
        ClaimRules.EndChange(left, ChangeKind.ClaimReleased, ClaimState.Released, reason, now, generation) with { Migration = migration };

    private static Refusal? Find(NodeView target, MigrationId id, bool? ofResize, out Migration migration)
    {
        if (!target.Migrations.TryGetValue(id.Sequence, out migration!))
            return NotInFlight(id);
        return ofResize is { } wanted && wanted != (migration.Type == MigrationType.Resize) ? WrongType(migration) : null;
    }

    private static Refusal? Next(Migration migration, MigrationStep step, out MigrationState next)
    {
        var allowed = MigrationTransitions.Next(migration.State, step);
        next = allowed ?? default;
        return allowed is null ? WrongState(migration, "a move only goes forward") : null;
    }

    private static ValueList<RefusedDimension> PageSizesChanged(Assignment source, Assignment target)
    {
        var changed = new List<RefusedDimension>();
        for (var i = 0; i < Math.Max(source.Cells.Count, target.Cells.Count); i++)
        {
            var before = i < source.Cells.Count ? source.Cells[i].PageSizeKb : 0;
            var after = i < target.Cells.Count ? target.Cells[i].PageSizeKb : 0;
            if (before == after)
                continue;
            changed.Add(new RefusedDimension(RefusalReason.NumaPageSizeChanged, "", before, after, 0)
            {
                RequestCell = i,
                HostCellId = i < target.Cells.Count ? target.Cells[i].HostCellId : null,
            });
        }

        return ValueList.From(changed);
    }

    private static Refusal NotInFlight(MigrationId id) => new(RefusalKind.MigrationNotInFlight, $"Migration {id} is not in flight.")
    {
        Metadata = [KeyValuePair.Create("migration_id", id.ToString())],
    };

    private static Refusal TargetIsSource(NodeId node) =>
        new(RefusalKind.TargetIsSource, $"The instance is on node {node} already: choose another target, or resize it.");

    private static string NameOf(MigrationType type) => type switch
    {
        MigrationType.ColdMigration => "COLD_MIGRATION",
        MigrationType.LiveMigration => "LIVE_MIGRATION",
        _ => type.ToString().ToUpperInvariant(),
    };
}
