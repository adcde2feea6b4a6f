using ResourceService.Load.Servers;

namespace ResourceService.Load.Driving;

/// <summary>What one drive measured. A request is a claim, however it was sent, or an empty call; CPU times are per request.</summary>
internal sealed record DriveReport
{
    public required DriveMode Mode { get; init; }

    public required int InFlight { get; init; }

    public required int Connections { get; init; }

    public int? BatchSize { get; init; }

    public double? RateAsked { get; init; }

    public required double Seconds { get; init; }

    public required long Requests { get; init; }

    public required double RequestsPerSecond { get; init; }

    /// <summary>What watchers were sent, when there were any.</summary>
    public WatchReport? Watched { get; init; }

    /// <summary>From sending a call, or a claim of a stream, until its answer.</summary>
    public required LatencyReport Latency { get; init; }

    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    public string? FirstError { get; init; }

    public double? ServerCpuUsPerRequest { get; init; }

    public double? ServerCores { get; init; }

    /// <summary>Null when the server does not tell what it allocates.</summary>
    public double? ServerAllocatedBytesPerRequest { get; init; }

    public required double ClientCpuUsPerRequest { get; init; }

    public MemoryReading? ServerMemory { get; init; }

    public double? Commits { get; init; }

    public double? ChangesPerCommit { get; init; }
}
