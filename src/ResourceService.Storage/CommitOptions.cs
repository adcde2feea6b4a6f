namespace ResourceService.Storage;

/// <summary>Bounds of the group committer. Configuration section <c>Commit</c>.</summary>
public sealed class CommitOptions
{
    /// <summary>
    /// The most requests in one transaction. It bounds how long one transaction, and so an answer, can take; far more than wait in practice.
    /// </summary>
    public int BatchMax { get; set; } = 4_096;

    /// <summary>How long the committer waits before it asks a lost store again, in milliseconds; doubled up to 16 times this.</summary>
    public int RetryDelayMs { get; set; } = 100;
}
