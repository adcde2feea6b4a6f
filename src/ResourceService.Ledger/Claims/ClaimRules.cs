using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Claims;

/// <summary>
/// The life of a claim, decided on one node's picture. Pure: time and ids come in. The guards stand in the documented order: existence,
/// state, generation, constraints, capacity.
/// </summary>
public static class ClaimRules
{
    /// <summary>A new claim under a lease.</summary>
    /// <param name="node">The node as it is.</param>
    /// <param name="request">What the instance needs.</param>
    /// <param name="expectedGeneration">The generation the caller decided on; null when it does not matter.</param>
    /// <param name="candidate">The claim to admit, complete.</param>
    /// <param name="observed">What the host was seen to run of the instance; it ends with the decision, for the new claim takes its place.</param>
    /// <param name="reported">
    /// The node as the caller could know it, where that is older: before the other claims of the same decision.
    /// </param>
    public static Decision Claim(
        NodeView node, ResourceRequest request, long? expectedGeneration, Claim candidate, ClaimId? observed = null, NodeView? reported = null)
    {
        if (RefuseNewClaims(node) is { } closed)
            return Decision.Refuse(closed);
        if (NodeRules.RefuseStale(reported ?? node, expectedGeneration) is { } stale)
            return Decision.Refuse(stale);
        var room = WithoutObserved(node, observed, candidate.CreateTime, out var ended);
        if (FitRules.Fit(room, request, out var assignment) != RefusalReason.None)
            return Decision.Refuse(DoesNotFit(room, request));

        var claim = candidate with { Assignment = assignment, Generation = room.Generation + 1 };
        var claimed = new ClaimChanged(ChangeKind.InstanceClaimed, candidate.CreateTime, null, claim, "");
        return ended is null ? Decision.Accept(claimed) : new Decision([ended, claimed], null);
    }

    /// <summary>The build succeeded: the lease ends and the claim stays. Confirming twice changes nothing.</summary>
    public static Decision Confirm(NodeView node, ClaimId id, long? expectedGeneration, Instant now)
    {
        // A confirm that was carried out raised the generation itself: a repeat must not fail on it.
        if (Find(node, id, null, out var claim) is { } refusal)
            return Decision.Refuse(refusal);
        if (RefuseNotPrimary(claim) is { } other)
            return Decision.Refuse(other);
        if (claim.State == ClaimState.Active)
            return Decision.Unchanged;
        if (NodeRules.RefuseStale(node, expectedGeneration) is { } stale)
            return Decision.Refuse(stale);
        if (claim.LeaseEnd <= now)
            return Decision.Refuse(WrongState(claim, "its lease has ended"));

        var after = claim with { State = ClaimState.Active, LeaseEnd = null, UpdateTime = now, Generation = node.Generation + 1 };
        return Decision.Accept(new ClaimChanged(ChangeKind.ClaimConfirmed, now, claim, after, ""));
    }

    /// <summary>The build goes on: the lease ends at <paramref name="leaseEnd"/> instead, earlier or later than before.</summary>
    public static Decision Renew(NodeView node, ClaimId id, long? expectedGeneration, Instant leaseEnd, Instant now)
    {
        if (Find(node, id, expectedGeneration, out var claim) is { } refusal)
            return Decision.Refuse(refusal);
        if (RefuseNotPrimary(claim) is { } other)
            return Decision.Refuse(other);
        if (claim.State != ClaimState.Held)
            return Decision.Refuse(WrongState(claim, "only a HELD claim has a lease to renew"));
        if (claim.LeaseEnd <= now)
            return Decision.Refuse(WrongState(claim, "its lease has ended"));

        var after = claim with { LeaseEnd = leaseEnd, UpdateTime = now, Generation = node.Generation + 1 };
        return Decision.Accept(new ClaimChanged(ChangeKind.ClaimRenewed, now, claim, after, ""));
    }

    /// <summary>The build failed: a held claim ends and the node counts a failed build.</summary>
    public static Decision Abort(NodeView node, ClaimId id, long? expectedGeneration, string reason, Instant now)
    {
        if (Find(node, id, expectedGeneration, out var claim) is { } refusal)
            return Decision.Refuse(refusal);
        if (RefuseNotPrimary(claim) is { } other)
            return Decision.Refuse(other);
        if (claim.State != ClaimState.Held)
            return Decision.Refuse(WrongState(claim, "only a HELD claim can be aborted; release the instance instead"));

        return Decision.Accept(EndChange(claim, ChangeKind.ClaimAborted, ClaimState.Aborted, reason, now, node.Generation + 1));
    }

    /// <summary>Ends the held claims whose lease is over, and the moves whose target's lease is; an instance that was resized in place stays.</summary>
    public static Decision Expire(NodeView node, Instant now)
    {
        const string Reason = "the lease ended";
        var changes = new List<LedgerChange>();
        foreach (var claim in node.Claims.Values.Where(claim => claim.LeaseEnd <= now))
        {
            if (claim.Role == ClaimRole.Primary)
            {
                changes.Add(EndChange(claim, ChangeKind.ClaimExpired, ClaimState.Expired, Reason, now, Next()));
                continue;
            }

            var ended = MigrationRules.EndChange(node, claim.Id.Sequence, MigrationStep.Expire, ClaimState.Expired, Reason, now, Next());
            changes.Add(ended);
            if (MigrationRules.Stay(node, ended, Next()) is { } stays)
                changes.Add(stays);
        }

        return new Decision(ValueList.From(changes), null);

        long Next() => node.Generation + 1 + changes.Count;
    }

    /// <summary>The instance is gone: its claim ends, held or active.</summary>
    public static Decision Release(NodeView node, ClaimId id, long? expectedGeneration, string reason, Instant now)
    {
        if (Find(node, id, expectedGeneration, out var claim) is { } refusal)
            return Decision.Refuse(refusal);

        return Decision.Accept(EndChange(claim, ChangeKind.ClaimReleased, ClaimState.Released, reason, now, node.Generation + 1));
    }

    /// <summary>The instance's states changed. Telling the same again changes nothing.</summary>
    public static Decision UpdateInstance(NodeView node, ClaimId id, long? expectedGeneration, Func<Instance, Instance> update, Instant now)
    {
        if (Find(node, id, expectedGeneration, out var claim) is { } refusal)
            return Decision.Refuse(refusal);
        var instance = update(claim.Instance);
        if (instance == claim.Instance)
            return Decision.Unchanged;

        var after = claim with { Instance = instance, UpdateTime = now, Generation = node.Generation + 1 };
        return Decision.Accept(new ClaimChanged(ChangeKind.InstanceUpdated, now, claim, after, ""));
    }

    /// <summary>Everything about the request that does not fit the node.</summary>
    public static Refusal DoesNotFit(NodeView node, ResourceRequest request) => DoesNotFit(node, FitRules.Explain(node, request));

    /// <summary>Why the node takes no new claims; null when it does.</summary>
    public static Refusal? RefuseNewClaims(NodeView node)
    {
        if (!node.Exists)
            return NodeRules.NotFound(node.Id);
        return node.State == NodeState.Enabled
            ? null
            : new Refusal(RefusalKind.NodeNotEnabled, $"Node {node.Id} is {node.State} and takes no new claims.")
            {
                Metadata = [KeyValuePair.Create("state", node.State.ToString().ToUpperInvariant())],
            };
    }

    /// <summary>The node without what its host was seen to run of an instance: that stands in the way of everybody but the instance itself.</summary>
    /// <param name="node">The node.</param>
    /// <param name="observed">The observed claim; null when there is none, and of no effect when it has ended.</param>
    /// <param name="now">The moment of the decision.</param>
    /// <param name="ended">The end of the observed claim.</param>
    internal static NodeView WithoutObserved(NodeView node, ClaimId? observed, Instant now, out ClaimChanged? ended)
    {
        ended = null;
        if (observed is not { } id || !node.Claims.TryGetValue(id.Sequence, out var claim))
            return node;
        ended = EndChange(claim, ChangeKind.ClaimReleased, ClaimState.Released, "its instance claims the node itself", now, node.Generation + 1);
        return new NodeLedger(node).Apply(ended).After;
    }

    /// <summary>The instance holds a claim already, here or on another node.</summary>
    public static Refusal AlreadyClaimed(InstanceId instance, ClaimId held) =>
        new(RefusalKind.InstanceAlreadyClaimed, $"Instance {instance} already holds claim {held}.")
        {
            HeldBy = held,
            Metadata = [KeyValuePair.Create("instance_id", instance.Value), KeyValuePair.Create("claim_id", held.ToString())],
        };

    internal static ClaimChanged EndChange(Claim claim, ChangeKind kind, ClaimState state, string reason, Instant now, long generation)
    {
        var after = claim with { State = state, LeaseEnd = null, UpdateTime = now, Reason = reason, Generation = generation };
        return new ClaimChanged(kind, now, claim, after, reason);
    }

    internal static Refusal DoesNotFit(NodeView node, ValueList<RefusedDimension> dimensions) =>
        new(RefusalKind.DoesNotFit, $"The request does not fit node {node.Id}: {string.Join("; ", dimensions)}.", dimensions);

    /// <summary>The claim has ended, or there never was one.</summary>
    public static Refusal NotLive(ClaimId id) => new(RefusalKind.ClaimNotLive, $"Claim {id} holds nothing any more.")
    {
        Metadata = [KeyValuePair.Create("claim_id", id.ToString())],
    };

    internal static Refusal WrongState(Claim claim, string rule) =>
        new(RefusalKind.ClaimWrongState, $"Claim {claim.Id} is {claim.State}: {rule}.")
        {
            Metadata = [KeyValuePair.Create("claim_id", claim.Id.ToString()), KeyValuePair.Create("state", claim.State.ToString().ToUpperInvariant())],
        };

    private static Refusal? RefuseNotPrimary(Claim claim) => claim.Role switch
    {
        ClaimRole.MoveTarget => WrongState(claim, $"it is the target of migration {MigrationId.Of(claim.Id)}, which decides about it"),
        ClaimRole.Observed => WrongState(claim, "it counts what its host was seen to run; only audits change it, and the release of its instance ends it"),
        _ => null,
    };

    private static Refusal? Find(NodeView node, ClaimId id, long? expectedGeneration, out Claim claim)
    {
        if (!node.Claims.TryGetValue(id.Sequence, out claim!))
            return NotLive(id);
        return NodeRules.RefuseStale(node, expectedGeneration);
    }
}
