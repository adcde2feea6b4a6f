using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// What should have ended by itself. The clock ends leases; an audit that meets one before the clock, or instead of it, ends it too. This rests on
/// the ledger's own times, not on the host's report.
/// </summary>
internal static class LeaseDrift
{
    public static void Find(AuditDraft draft)
    {
        foreach (var change in ClaimRules.Expire(draft.Node, draft.Order.Now).Changes)
        {
            var claim = draft.Node.Claims[((ClaimChanged)change).After.Id.Sequence];
            draft.Add(new Drift(
                DriftKind.ExpiredLease,
                draft.Heals ? DriftAction.ClaimReleased : DriftAction.Reported,
                DriftText.Of(claim.LeaseEnd!.Value),
                DriftText.Of(draft.Order.Now),
                $"Claim {claim.Id} is still held after its lease has ended")
            {
                Instance = claim.Instance.Id,
                Claim = claim.Id,
            });
            if (draft.Heals)
                draft.Apply(change);
        }
    }
}
