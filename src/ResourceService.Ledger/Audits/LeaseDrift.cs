using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// What should have ended by itself. The clock ends leases; an audit that meets one before the clock, or instead of it, ends it too. A move that
/// stands still is only told: whether the instance is here or there is for its caller to say. All this rests on the ledger's own times, not on the
/// host's report.
/// </summary>
internal static class LeaseDrift
{
    public static void Find(AuditDraft draft)
    {
        var before = draft.Node;
        foreach (var change in ClaimRules.Expire(before, draft.Order.Now).Changes)
        {
            if (change.Kind != ChangeKind.InstanceStayed)
                AddExpired(draft, before.Claims[change.ClaimAfter!.Id.Sequence]);
            if (draft.Heals)
                draft.Apply(change);
        }

        foreach (var migration in draft.Node.Migrations.Values)
        {
            if (migration.UpdateTime <= draft.Order.StaleBefore && !(migration.LeaseEnd <= draft.Order.Now))
                AddStale(draft, migration);
        }
    }

    private static void AddExpired(AuditDraft draft, Claim claim)
    {
        var isMove = claim.Role == ClaimRole.MoveTarget;
        var healed = isMove ? DriftAction.MigrationEnded : DriftAction.ClaimReleased;
        draft.Add(new Drift(
            DriftKind.ExpiredLease,
            draft.Heals ? healed : DriftAction.Reported,
            DriftText.Of(claim.LeaseEnd!.Value),
            DriftText.Of(draft.Order.Now),
            $"{(isMove ? $"Migration {MigrationId.Of(claim.Id)}" : $"Claim {claim.Id}")} is still held after its lease has ended")
        {
            Instance = claim.Instance.Id,
            Claim = claim.Id,
            Migration = isMove ? MigrationId.Of(claim.Id) : null,
        });
    }

    private static void AddStale(AuditDraft draft, Migration migration) => draft.Add(new Drift(
        DriftKind.StaleMigration,
        DriftAction.Reported,
        $"progress since {DriftText.Of(draft.Order.StaleBefore)}",
        DriftText.Of(migration.UpdateTime),
        $"Migration {migration.Id} is {migration.State} and has made no progress since {DriftText.Of(migration.UpdateTime)}; confirm, revert or fail it")
    {
        Instance = migration.Instance,
        Claim = migration.Target,
        Migration = migration.Id,
    });
}
