using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// Compares a node with what its host reports, and says the drifts and, when it heals, the changes that correct what is safe to correct. Pure.
///
/// What is safe: a claim under lease or in a move is left alone, whatever the host says; so is what changed after the agent took its picture, for
/// the picture does not show it; nothing is corrected to what does not fit. What the host has is registered first, then what is over is ended, then
/// claims are corrected and instances adopted on the room that is left, so that an audit frees before it takes.
/// </summary>
public static class DriftRules
{
    /// <summary>One audit. Accepted always has at least one change, the audit itself, as the last.</summary>
    /// <param name="node">The node as it is.</param>
    /// <param name="observed">What its agent saw.</param>
    /// <param name="order">What to do, and what is known beside the node.</param>
    public static Decision Audit(NodeView node, ObservedNode observed, AuditOrder order)
    {
        if (!node.Exists)
            return Decision.Refuse(NodeRules.NotFound(node.Id));
        if (NodeRules.RefuseStale(node, order.ExpectedGeneration) is { } stale)
            return Decision.Refuse(stale);
        // A picture from the future was taken of another node, or of a ledger that is not this one.
        if (observed.Generation > node.Generation)
            return Decision.Refuse(NodeRules.RefuseStale(node, observed.Generation)!);

        var draft = new AuditDraft(node, observed, order);
        UnreadableDrift.Find(draft);
        HostDrift.Find(draft);
        LeaseDrift.Find(draft);
        ClaimDrift.Find(draft);
        InstanceDrift.Find(draft);
        CapacityDrift.Find(draft);
        return draft.Finish();
    }
}
