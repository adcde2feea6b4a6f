using ResourceService.Load.Driving;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Filling;

/// <summary>What it cost to fill a server, and to start it again with all of it.</summary>
internal sealed record FillReport
{
    public required int Nodes { get; init; }

    public required double RegisterSeconds { get; init; }

    public required long Claims { get; init; }

    public required double Seconds { get; init; }

    public required double ClaimsPerSecond { get; init; }

    public required LatencyReport Latency { get; init; }

    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    public string? FirstError { get; init; }

    public double? ServerCpuUsPerClaim { get; init; }

    public MemoryReading? Memory { get; init; }

    /// <summary>Time from SIGTERM until the process was gone.</summary>
    public double? StopSeconds { get; init; }

    public int? StopExitCode { get; init; }

    /// <summary>Time from the start of the process until health SERVING.</summary>
    public double? StartSeconds { get; init; }

    public MemoryReading? MemoryAfterStart { get; init; }

    /// <summary>What VerifyLedger answered at the end.</summary>
    public required long VerifiedClaims { get; init; }

    public required long Differences { get; init; }

    public required double VerifySeconds { get; init; }

    public bool IsComplete(int claimCount) => Errors.Count == 0 && Claims == claimCount && VerifiedClaims == claimCount && Differences == 0;
}
