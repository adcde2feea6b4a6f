using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>What the service finds when it looks after a node by itself. Pure, and without a host's report.</summary>
public static class SweepRules
{
    /// <summary>Looks at one node.</summary>
    public static SweepFindings Look(NodeView node, SweepLimits limits) => new(
        node.Claims.Values.Count(claim => claim.LeaseEnd <= limits.MissedBefore),
        node.Migrations.Values.Count(migration => migration.UpdateTime <= limits.StaleBefore),
        node.Exists && (node.LastAuditTime ?? node.RegisterTime) <= limits.OverdueBefore ? 1 : 0);
}

/// <summary>From when on something is late.</summary>
/// <param name="MissedBefore">A lease that ended before is one that the clock has missed.</param>
/// <param name="StaleBefore">A move without progress since then is stale.</param>
/// <param name="OverdueBefore">A node neither audited nor registered since then is overdue; null when nobody has to audit.</param>
public readonly record struct SweepLimits(Instant MissedBefore, Instant StaleBefore, Instant? OverdueBefore);

/// <summary>What was found.</summary>
/// <param name="MissedLeases">Claims, targets of moves included, that are still held after their leases.</param>
/// <param name="StaleMigrations">Moves without progress for too long.</param>
/// <param name="OverdueNodes">Nodes that were not audited for too long.</param>
public readonly record struct SweepFindings(int MissedLeases, int StaleMigrations, int OverdueNodes)
{
    /// <summary>What was found on these nodes and on others.</summary>
    public SweepFindings Plus(SweepFindings other) =>
        new(MissedLeases + other.MissedLeases, StaleMigrations + other.StaleMigrations, OverdueNodes + other.OverdueNodes);
}
