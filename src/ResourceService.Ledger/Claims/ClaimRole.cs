namespace ResourceService.Ledger.Claims;

/// <summary>
/// The part a claim plays for its instance, which has at most one live primary claim and one live move target, fleet-wide, and at most one observed
/// claim on each node. Numbers are stored: only add.
/// </summary>
public enum ClaimRole
{
    /// <summary>Where the instance is built or lives; during a move, the source.</summary>
    Primary = 1,

    /// <summary>Where the instance is moving to. Becomes the primary one when the move is confirmed.</summary>
    MoveTarget = 2,

    /// <summary>
    /// What a host runs of the instance although no other claim holds it there: audits make, correct and end it, so that what runs is promised to
    /// nobody else. The only kind of claim that may exceed a capacity.
    /// </summary>
    Observed = 3,
}
