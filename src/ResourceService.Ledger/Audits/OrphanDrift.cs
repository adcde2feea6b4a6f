using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// ACTIVE claims whose instances are not on the host. Found before anything is corrected, so that what they free is there for it, and all together:
/// an agent that asked a hypervisor which had just been restarted reports an empty host, and its node's claims must not end for that. So many of
/// them end only when the report confirms their number.
/// </summary>
internal static class OrphanDrift
{
    public static void Find(AuditDraft draft)
    {
        if (!draft.Observed.Covers(AuditScopes.Instances))
            return;
        var active = draft.Node.Claims.Values.Where(claim => claim.State == ClaimState.Active).ToList();
        var seen = draft.Observed.Instances.Select(instance => instance.Instance.Id).ToHashSet();
        var unreadable = UnreadableDrift.Names(draft.Observed);
        // A held claim's instance is still being built, a move's target still moved: neither has to be here.
        var orphans = active
            .Where(claim => !seen.Contains(claim.Instance.Id)
                && (unreadable.Count == 0 || !unreadable.Contains(UnreadableDrift.LettersOf(claim.Instance.Id))))
            .Select(claim => (Claim: claim, Action: Judge(draft, claim)))
            .ToList();
        var ending = orphans.Count(orphan => orphan.Action == DriftAction.ClaimReleased);
        var isConfirmed = draft.Order.Orphans.Allows(ending, active.Count);
        foreach (var (claim, action) in orphans)
        {
            var isReleased = action == DriftAction.ClaimReleased;
            if (isReleased && !isConfirmed)
                Add(draft, claim, DriftAction.SkippedUnconfirmed, $", as are those of {ending} of the node's {active.Count} ACTIVE claims");
            else
                Add(draft, claim, action, "");
            if (isReleased && isConfirmed)
            {
                draft.Apply(ClaimRules.EndChange(
                    claim, ChangeKind.ClaimReleased, ClaimState.Released, "the instance is not on its host", draft.Order.Now, draft.NextGeneration));
            }
        }
    }

    // What is counted of an instance is no part of its move.
    private static DriftAction Judge(AuditDraft draft, Claim claim) => draft.Judge(
        claim,
        inFlight: claim.Role != ClaimRole.Observed && draft.Order.ClaimsOf(claim.Instance.Id).MoveTarget is not null,
        DriftAction.ClaimReleased);

    private static void Add(AuditDraft draft, Claim claim, DriftAction action, string more) => draft.Add(new Drift(
        DriftKind.OrphanedClaim, action, "on the host", "not on the host", $"Instance {claim.Instance.Id} of claim {claim.Id} is not on the host{more}")
    {
        Instance = claim.Instance.Id,
        Claim = claim.Id,
    });
}

/// <summary>How many orphaned claims of a node end with one report.</summary>
/// <param name="Confirmed">As many as the report confirms.</param>
/// <param name="UnconfirmedMax">So few that nobody has to confirm them.</param>
/// <param name="UnconfirmedPercent">So small a share of the node's ACTIVE claims that nobody has to confirm them, in percent.</param>
public readonly record struct OrphanBounds(int Confirmed, int UnconfirmedMax, int UnconfirmedPercent)
{
    /// <summary>Whether so many may end.</summary>
    /// <param name="orphans">Claims that would end.</param>
    /// <param name="active">The node's ACTIVE claims, these among them.</param>
    public bool Allows(int orphans, int active) =>
        orphans <= Math.Max(Confirmed, UnconfirmedMax) || 100L * orphans <= (long)UnconfirmedPercent * active;
}
