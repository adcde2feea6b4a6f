using ResourceService.Load.Driving;

namespace ResourceService.Load.Abusing;

/// <summary>What one kind of abuse did to the server and to the healthy caller.</summary>
internal sealed record AbuseRow
{
    public required string Kind { get; init; }

    /// <summary>Calls, connections or frames that the abuser got through to the server.</summary>
    public required long AttemptCount { get; init; }

    /// <summary>Connections that the server ended.</summary>
    public required long ClosedCount { get; init; }

    public required LatencyReport Alone { get; init; }

    public required LatencyReport Beside { get; init; }

    public required long CallCount { get; init; }

    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    public required double? MemoryBeforeMib { get; init; }

    public required double? MemoryPeakMib { get; init; }

    public required double? MemoryAfterMib { get; init; }

    /// <summary>Share of one core that the server takes at rest afterwards.</summary>
    public required double? IdleCpu { get; init; }

    public double P99Ratio => Alone.P99Us == 0 ? 0 : Beside.P99Us / Alone.P99Us;

    public double? MemoryRatio => MemoryAfterMib / MemoryBeforeMib;
}
