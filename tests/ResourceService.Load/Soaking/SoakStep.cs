namespace ResourceService.Load.Soaking;

/// <summary>What a caller may do next.</summary>
internal enum SoakStep
{
    /// <summary>Claims for a new instance: on a node, on one of several, or wherever it fits.</summary>
    Claim,

    /// <summary>Claims with a lease of a second and waits until the service has ended it.</summary>
    LetExpire,
    Confirm,
    Renew,
    Abort,
    Release,
    UpdateInstance,
    Resize,
    Migrate,
    UpdateMove,
    ConfirmMove,
    RevertMove,
    FailMove,
    ReadClaim,
    ReadNode,
    FindCandidates,

    /// <summary>Reports what a node has, as its agent would, in mode REPORT.</summary>
    Audit,
}
