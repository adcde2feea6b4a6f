namespace ResourceService.Load.Driving;

/// <summary>One drive: what is sent, how much of it at a time, and for how long.</summary>
internal sealed record DriveSettings
{
    public required DriveMode Mode { get; init; }

    /// <summary>Calls outstanding at a time (Empty, Unary, Batch), or claims outstanding on all streams together (Stream).</summary>
    public required int InFlight { get; init; }

    public required int Connections { get; init; }

    public required int BatchSize { get; init; }

    /// <summary>Calls (Empty, Unary, Batch) or claims (Stream) per second; null means as many as possible.</summary>
    public double? Rate { get; init; }

    /// <summary>Watchers of all nodes beside the drive.</summary>
    public int WatcherCount { get; init; }

    public required TimeSpan Duration { get; init; }

    public required TimeSpan Warmup { get; init; }

    public required int Seed { get; init; }
}
