using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Nodes;

/// <summary>
/// A host got another name. Pure. Its node keeps its number, and with it everything that goes by numbers: claims, moves, devices, audits, snapshots. So the
/// number that had the new name until now, or that is made for it, takes the old one: the two exchange their names, and the one that ends up with the old
/// name is deleted. Generations go on above all that were given under either name, those of the claims too: an expectation, and an agent's report, of before
/// the rename is out of date whichever of the names it goes by.
/// </summary>
public static class RenameRules
{
    /// <summary>Decides on both nodes at once.</summary>
    /// <param name="node">The node that is renamed.</param>
    /// <param name="other">
    /// The node with the new name: registered and without claims but OBSERVED ones, deleted, or never registered. What the host was seen to run under its new
    /// name is what it holds under the old one; the next audit counts what is beyond that.
    /// </param>
    /// <param name="names">The names, old and new, that the caller knows the two by.</param>
    /// <param name="reason">Why, in the caller's words.</param>
    /// <param name="expectedGeneration">The generation that the renamed node must have; null when it does not matter.</param>
    /// <param name="now">When.</param>
    public static RenameDecision Rename(
        NodeView node, NodeView other, (NodeId Old, NodeId New) names, string reason, long? expectedGeneration, Instant now)
    {
        if (!node.Exists || node.Id != names.Old)
            return RenameDecision.Refuse(NodeRules.NotFound(names.Old));
        // Another rename came first: the new name is that of a third node by now.
        if (other.Id != names.New)
            return RenameDecision.Refuse(NodeRules.NotFound(names.New));
        if (NodeRules.RefuseStale(node, expectedGeneration) is { } stale)
            return RenameDecision.Refuse(stale);
        if (other.Claims.Values.Any(claim => claim.Role != ClaimRole.Observed))
            return RenameDecision.Refuse(HoldsClaims(other));

        var owners = other.Exists ? other.Spec.Owners.Aggregate(node.Spec.Owners, FieldRules.Replace) : node.Spec.Owners;
        if (owners.Count > FieldRules.OwnersMax)
            return RenameDecision.Refuse(TooManyOwners(names.New, owners.Count));
        // What the host reported under its new name is what it has.
        var reported = (other.Exists ? other : node).Spec.Reported with { Id = names.New };
        var spec = FieldOverlay.Of(reported, owners);
        if (NodeRules.RefuseInUse(node, spec.Inventories) is { } inUse)
            return RenameDecision.Refuse(inUse);

        // A state that somebody chose outlives one that is everybody's at first.
        var stateOf = node.State == NodeState.Enabled && other.Exists ? other : node;
        var released = other.Claims.Values.Select((claim, i) => ClaimRules.EndChange(
            claim, ChangeKind.ClaimReleased, ClaimState.Released, $"its host is {names.Old} by its old name", now, other.Generation + 1 + i));
        var generation = Math.Max(Math.Max(node.Generation, other.Generation + other.Claims.Count), other.GenerationFloor) + 1;
        return new RenameDecision(
            ValueList.From<LedgerChange>(released),
            new NodeRenamed(ChangeKind.NodeDeleted, now, NodeSpec.Unknown(names.Old), generation, NodeState.Absent, "", $"renamed to {names.New}")
            {
                StateBefore = node.State,
            },
            new NodeRenamed(ChangeKind.NodeRenamed, now, spec, generation, stateOf.State, stateOf.StateReason, reason)
            {
                StateBefore = node.State,
                OtherKey = other.NodeKey,
            },
            null);
    }

    private static Refusal HoldsClaims(NodeView other)
    {
        var count = other.Claims.Values.Count(claim => claim.Role != ClaimRole.Observed);
        return new Refusal(
            RefusalKind.NodeHoldsClaims,
            $"Node {other.Id} is registered and holds {count} claims of its own: only a node without claims, but for OBSERVED ones, gives its name away.")
        {
            Metadata = [KeyValuePair.Create("node_id", other.Id.Value), KeyValuePair.Create("claim_count", count.ToString())],
        };
    }

    private static Refusal TooManyOwners(NodeId id, int count) => new(
        RefusalKind.OutcomeInvalid, $"owner: {count} owners set something of the one or the other node; at most {FieldRules.OwnersMax} can of node {id}.")
    {
        Metadata = [KeyValuePair.Create("field", "owner")],
    };
}

/// <summary>What becomes of the two nodes of a rename.</summary>
/// <param name="Released">First: the OBSERVED claims of the other node end.</param>
/// <param name="OnOther">The change of the node that takes the old name, and is deleted; null when refused.</param>
/// <param name="OnNode">The change of the node that takes the new name; null when refused.</param>
/// <param name="Refusal">Why it was refused.</param>
public readonly record struct RenameDecision(ValueList<LedgerChange> Released, NodeRenamed? OnOther, NodeRenamed? OnNode, Refusal? Refusal)
{
    /// <summary>Refused.</summary>
    public static RenameDecision Refuse(Refusal refusal) => new([], null, null, refusal);
}
