using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// Compares a node with what its host reports, and says the drifts and, when it heals, the changes that correct what is safe to correct. Pure.
///
/// What is safe: a claim under lease or in a move is left alone, whatever the host says; so is what changed after the agent took its picture, for
/// the picture does not show it; nothing is corrected to what does not fit. What the host has is registered first, then what is over is ended, then
/// claims are corrected and instances adopted on the room that is left, so that an audit frees before it takes. What runs and still is nobody's is
/// counted in the end, also beyond what there is: it is no promise, but a fact that keeps others away.
/// </summary>
public static class DriftRules
{
    // Observed claims that come out as they were stay in place in the next round, in which another may come out so. Hardly ever does one wait for
    // another: what is left then lets go and takes the same again, which is right, and costs two events.
    private const int RoundsMax = 8;

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

        var standing = new HashSet<ClaimId>();
        for (var round = 1; ; round++)
        {
            var draft = Find(node, observed, order, standing, out var unchanged);
            if (unchanged.Count == 0 || round == RoundsMax)
                return draft.Finish();
            standing.UnionWith(unchanged);
        }
    }

    private static AuditDraft Find(
        NodeView node, ObservedNode observed, AuditOrder order, HashSet<ClaimId> standing, out List<ClaimId> unchanged)
    {
        var draft = new AuditDraft(node, observed, order);
        UnreadableDrift.Find(draft);
        HostDrift.Find(draft);
        LeaseDrift.Find(draft);
        OrphanDrift.Find(draft);
        var counted = new ObservedClaims(draft);
        counted.LetGo(standing);
        ClaimDrift.Find(draft);
        InstanceDrift.Find(draft, counted);
        DeviceDrift.Find(draft);
        CapacityDrift.Find(draft);
        unchanged = counted.Unchanged;
        return draft;
    }
}
