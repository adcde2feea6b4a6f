namespace ResourceService.Ledger.Audits;

/// <summary>One comparison of the ledger with a host, as it is kept.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Mode">Whether it corrected.</param>
/// <param name="Time">When it was made.</param>
/// <param name="ObserveTime">When the agent took its picture.</param>
/// <param name="ObservedGeneration">The node's generation when the picture was taken.</param>
/// <param name="NodeGeneration">The node's generation after the audit.</param>
/// <param name="Actor">Who sent the report.</param>
/// <param name="InstanceCount">Instances in the report.</param>
/// <param name="DriftCount">Drifts found.</param>
/// <param name="HealedCount">Drifts corrected.</param>
/// <param name="Drifts">The drifts, at most <see cref="DriftsMax"/> and <see cref="DriftBytesMax"/>.</param>
public sealed record Audit(
    AuditId Id,
    AuditMode Mode,
    Instant Time,
    Instant ObserveTime,
    long ObservedGeneration,
    long NodeGeneration,
    string Actor,
    int InstanceCount,
    int DriftCount,
    int HealedCount,
    ValueList<Drift> Drifts)
{
    /// <summary>The most drifts that are kept and told. All of them are counted and, where that is safe, healed.</summary>
    public const int DriftsMax = 10_000;

    /// <summary>The most bytes of them: an audit is one message, and clients take 4 MiB.</summary>
    public const int DriftBytesMax = 2 << 20;
}

/// <summary>Whether an audit corrects. Numbers are stored: only add.</summary>
public enum AuditMode
{
    /// <summary>It compares and reports.</summary>
    Report = 1,

    /// <summary>It also corrects what is safe to correct.</summary>
    Heal = 2,
}

/// <summary>What an audit is to do, and what it must know beside the node and the report.</summary>
/// <param name="Id">The audit's id.</param>
/// <param name="Mode">Whether it corrects.</param>
/// <param name="Actor">Who sent the report.</param>
/// <param name="ExpectedGeneration">The generation the node must still have; null when it does not matter.</param>
/// <param name="Now">The moment of the audit.</param>
/// <param name="StaleBefore">A move without progress since then is stale.</param>
/// <param name="Orphans">How many orphaned claims it may end.</param>
/// <param name="ClaimsOf">What an instance holds, fleet-wide.</param>
/// <param name="NextClaimId">Gives an id to a claim that may be made.</param>
public sealed record AuditOrder(
    AuditId Id,
    AuditMode Mode,
    string Actor,
    long? ExpectedGeneration,
    Instant Now,
    Instant StaleBefore,
    OrphanBounds Orphans,
    Func<InstanceId, HeldClaims> ClaimsOf,
    Func<ClaimId> NextClaimId);

/// <summary>The claims that an instance holds, wherever they are.</summary>
/// <param name="Primary">Where it is built or lives.</param>
/// <param name="MoveTarget">Where it is moving to.</param>
public readonly record struct HeldClaims(ClaimId? Primary, ClaimId? MoveTarget);
