using ResourceService.V1;

namespace ResourceService.Load.Replay;

/// <summary>How a trace is replayed.</summary>
internal sealed record ReplaySettings
{
    public required PlacementStrategy Strategy { get; init; }

    public required int InFlight { get; init; }

    /// <summary>Seconds of the trace that pass in a second; null means as fast as possible.</summary>
    public double? Speed { get; init; }

    /// <summary>Seconds of the trace whose steps may run at the same time.</summary>
    public required long WindowSeconds { get; init; }

    public required int CheckpointEvery { get; init; }

    /// <summary>Whether VerifyLedger is asked at every checkpoint, and not only at the end.</summary>
    public required bool VerifyAlways { get; init; }

    public required int Seed { get; init; }

    public required TimeSpan RetryTime { get; init; }

    public required IReadOnlyList<int> KillAfter { get; init; }
}
