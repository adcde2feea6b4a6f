namespace ResourceService.Ledger.Claims;

/// <summary>Where a claim is in its life. Numbers are stored: only add.</summary>
public enum ClaimState
{
    /// <summary>Holds resources until its lease ends.</summary>
    Held = 1,

    /// <summary>Holds resources until it is released.</summary>
    Active = 2,

    /// <summary>Ended by release. Holds nothing.</summary>
    Released = 3,

    /// <summary>Ended by a failed build. Holds nothing.</summary>
    Aborted = 4,

    /// <summary>Ended by its lease. Holds nothing.</summary>
    Expired = 5,
}

/// <summary>What follows from a claim's state.</summary>
public static class ClaimStates
{
    /// <summary>Whether a claim in this state holds resources.</summary>
    public static bool IsLive(this ClaimState state) => state is ClaimState.Held or ClaimState.Active;
}
