namespace ResourceService.Storage;

/// <summary>What is kept only for a time.</summary>
public enum RetainedTable
{
    /// <summary>The history of changes, with the answers of remembered requests.</summary>
    Events,

    /// <summary>Audits with their drifts.</summary>
    Audits,

    /// <summary>Claims that hold nothing any more.</summary>
    EndedClaims,

    /// <summary>Moves that have ended.</summary>
    EndedMigrations,

    /// <summary>Remembered requests that changed nothing.</summary>
    UnchangedRequests,

    /// <summary>Usage over time.</summary>
    UsageSnapshots,

    /// <summary>Claims that were refused.</summary>
    Refusals,
}

/// <summary>
/// A small piece of deleting: one table, from a place on, a bounded number of rows. It is written in a transaction together with whatever waits
/// then, so it costs no disk flush of its own and no claim waits longer than for its few rows.
/// </summary>
/// <param name="Table">The table.</param>
/// <param name="AfterKey">Where the step before ended; 0 to begin.</param>
/// <param name="KeepFromMs">What is not older stays, in Unix milliseconds.</param>
/// <param name="RowsMax">The most rows to look at, or for snapshots the most to delete.</param>
public sealed record RetentionStep(RetainedTable Table, long AfterKey, long KeepFromMs, int RowsMax)
{
    /// <summary>The moment of the step, in Unix milliseconds: what is later was written by a clock that was ahead.</summary>
    public long NowMs { get; init; } = long.MaxValue;

    /// <summary>For snapshots: until when one per hour is enough, and until when one per minute is; Unix milliseconds.</summary>
    public (long HourlyUntilMs, long MinutelyUntilMs) Thinning { get; init; }

    /// <summary>How many rows were deleted. Set by the store.</summary>
    public int DeletedCount { get; set; }

    /// <summary>Where the next step goes on; null when nothing is left to look at. Set by the store.</summary>
    public long? NextKey { get; set; }
}
