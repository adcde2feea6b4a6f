using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Claims;

/// <summary>
/// How far in the future a lease may end. While a service runs its clock never goes back, so each lease ends within its length. At a start the
/// clock may be behind the one by which leases were written: then what was left of a lease when its claim changed last is left of it now.
/// </summary>
public static class LeaseRules
{
    /// <summary>The longest lease that a caller may ask for.</summary>
    public static readonly TimeSpan SpanMax = TimeSpan.FromHours(24);

    /// <summary>Whether every lease on the node ends in time.</summary>
    public static bool AreBounded(NodeView node, Instant now)
    {
        foreach (var (_, claim) in node.Claims)
        {
            if (claim.LeaseEnd > LastEnd(claim, now))
                return false;
        }

        return true;
    }

    /// <summary>Shortens the leases that end too late, those of moves with their targets'.</summary>
    public static Decision Bound(NodeView node, Instant now)
    {
        const string Reason = "the system's clock was set back";
        var changes = new List<LedgerChange>();
        foreach (var claim in node.Claims.Values)
        {
            var end = LastEnd(claim, now);
            if (!(claim.LeaseEnd > end))
                continue;
            var after = claim with { LeaseEnd = end, UpdateTime = now, Generation = node.Generation + 1 + changes.Count };
            changes.Add(claim.Role == ClaimRole.Primary
                ? new ClaimChanged(ChangeKind.ClaimRenewed, now, claim, after, Reason)
                : OfMigration(node.Migrations[claim.Id.Sequence], claim, after));
        }

        return new Decision(ValueList.From(changes), null);

        LedgerChange OfMigration(Migration before, Claim claim, Claim claimAfter)
        {
            var after = before with { LeaseEnd = claimAfter.LeaseEnd, UpdateTime = now, Generation = claimAfter.Generation };
            return new MigrationChanged(ChangeKind.MigrationUpdated, now, before, after, claim, claimAfter, Reason);
        }
    }

    // A lease begins when its claim changes, or began before.
    private static Instant LastEnd(Claim claim, Instant now)
    {
        var left = claim.LeaseEnd is { } end ? end.UnixMs - claim.UpdateTime.UnixMs : 0;
        return new Instant(now.UnixMs + Math.Clamp(left, 0, (long)SpanMax.TotalMilliseconds));
    }
}
