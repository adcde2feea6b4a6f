namespace ResourceService.Ledger.Claims;

/// <summary>
/// The part a claim plays for its instance, which has at most one live claim of each role, fleet-wide. Numbers are stored: only add.
/// </summary>
public enum ClaimRole
{
    /// <summary>Where the instance is built or lives; during a move, the source.</summary>
    Primary = 1,

    /// <summary>Where the instance is moving to. Becomes the primary one when the move is confirmed.</summary>
    MoveTarget = 2,
}
