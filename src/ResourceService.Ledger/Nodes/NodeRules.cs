using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;

namespace ResourceService.Ledger.Nodes;

/// <summary>The life of a node, decided on its picture. Pure.</summary>
public static class NodeRules
{
    /// <summary>
    /// Takes over what an agent reports. Claims stay as they are, so capacity may fall below use; only a class in use cannot go away
    /// (Placement's <c>inventory_in_use</c>). The same report changes nothing.
    /// </summary>
    public static Decision Register(NodeView node, NodeSpec spec, long? expectedGeneration, Instant now)
    {
        // A node that was deleted does not exist, whatever its generation goes on from: here 0 is right for it and nothing else.
        var stale = node.Exists || expectedGeneration != 0 ? RefuseStale(node, expectedGeneration) : null;
        if (stale is not null)
            return Decision.Refuse(stale);
        if (node.Exists && node.Spec.Reported == spec)
            return Decision.Unchanged;

        // What owners set stays, and keeps the classes that it adds.
        if (node.Exists && RefuseInUse(node, FieldOverlay.Of(spec, node.Spec.Owners).Inventories) is { } inUse)
            return Decision.Refuse(inUse);
        return Decision.Accept(new NodeRegistered(node.Exists ? ChangeKind.NodeUpdated : ChangeKind.NodeRegistered, now, spec));
    }

    /// <summary>Enables, disables or drains a node. Telling the same again changes nothing.</summary>
    public static Decision SetState(NodeView node, NodeState state, string reason, long? expectedGeneration, Instant now)
    {
        if (!node.Exists)
            return Decision.Refuse(NotFound(node.Id));
        if (RefuseStale(node, expectedGeneration) is { } stale)
            return Decision.Refuse(stale);
        if (node.State == state && string.Equals(node.StateReason, reason, StringComparison.Ordinal))
            return Decision.Unchanged;

        return Decision.Accept(new NodeStateChanged(ChangeKind.NodeStateChanged, now, state, reason));
    }

    /// <summary>
    /// Deletes a node. Its claims forbid it, unless <paramref name="force"/> releases them, each with a change of its own: moves to the node fail;
    /// moves away from it go on, for they belong to their targets.
    /// </summary>
    public static Decision Delete(NodeView node, bool force, string reason, long? expectedGeneration, Instant now)
    {
        if (!node.Exists)
            return Decision.Refuse(NotFound(node.Id));
        if (RefuseStale(node, expectedGeneration) is { } stale)
            return Decision.Refuse(stale);
        if (node.Claims.Count > 0 && !force)
        {
            return Decision.Refuse(new Refusal(
                RefusalKind.NodeHoldsClaims, $"Node {node.Id} holds {node.Claims.Count} claims: release them first, or delete with force.")
            {
                Metadata = [KeyValuePair.Create("claim_count", node.Claims.Count.ToString())],
            });
        }

        const string Gone = "its node was deleted";
        var changes = node.Claims.Values
            .Select((claim, i) => claim.Role == ClaimRole.MoveTarget
                ? MigrationRules.EndChange(node, claim.Id.Sequence, MigrationStep.Fail, ClaimState.Released, Gone, now, node.Generation + 1 + i)
                : (LedgerChange)ClaimRules.EndChange(claim, ChangeKind.ClaimReleased, ClaimState.Released, Gone, now, node.Generation + 1 + i))
            .Append(new NodeStateChanged(ChangeKind.NodeDeleted, now, NodeState.Absent, reason));
        return new Decision(ValueList.From(changes), null);
    }

    /// <summary>Claims stay as they are: a class that they use cannot go away.</summary>
    internal static Refusal? RefuseInUse(NodeView node, InventoryTable after)
    {
        var before = node.Spec.Inventories;
        for (var i = 0; i < before.Count; i++)
        {
            if (node.Used[i] > 0 && after.IndexOf(before.Classes[i]) < 0)
            {
                return new Refusal(
                    RefusalKind.InventoryInUse,
                    $"Node {node.Id} has {node.Used[i]} of {before.Classes[i]} in use: the new inventory must keep this class.")
                {
                    Metadata = [KeyValuePair.Create("resource_class", before.Classes[i].Name)],
                };
            }
        }

        return null;
    }

    /// <summary>No node of this name is registered.</summary>
    public static Refusal NotFound(NodeId id) => new(RefusalKind.NodeNotFound, $"Node {id} is not registered.");

    internal static Refusal? RefuseStale(NodeView node, long? expected) =>
        expected is null || expected == node.Generation
            ? null
            : new Refusal(RefusalKind.StaleGeneration, $"Node {node.Id} is at generation {node.Generation}, not {expected}: read it again and decide again.")
            {
                Metadata = [KeyValuePair.Create("generation", node.Generation.ToString())],
            };
}
