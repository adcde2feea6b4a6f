namespace ResourceService.Load.Abusing;

/// <summary>A way for one address to be a burden.</summary>
/// <param name="Name">As the command line and the table have it.</param>
/// <param name="RunAsync">Does it until it is cancelled.</param>
internal sealed record AbuseKind(string Name, Func<AbuseTarget, CancellationToken, Task> RunAsync)
{
    /// <summary>All of them, in the order in which they run.</summary>
    public static IReadOnlyList<AbuseKind> All { get; } =
    [
        new("reset-calls", Resets.OfCallsAsync),
        new("reset-lists", Resets.OfListsAsync),
        new("reset-watches", Resets.OfWatchesAsync),
        new("unread-lists", Unread.ListsAsync),
        new("unread-watches", Unread.WatchesAsync),
        new("half-open", HalfOpen.StreamsAsync),
        new("idle", HalfOpen.ConnectionsAsync),
        new("oversized", Oversized.FramesAndMessagesAsync),
    ];
}
