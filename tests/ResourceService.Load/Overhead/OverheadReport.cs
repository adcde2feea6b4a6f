using ResourceService.Load.Driving;

namespace ResourceService.Load.Overhead;

/// <summary>What each way to run the server costs per claim, and every run that the figures come from.</summary>
internal sealed record OverheadReport
{
    public required IReadOnlyList<OverheadRow> Rows { get; init; }

    /// <summary>Bytes that the receiver of telemetry got, and that were read of metrics pages.</summary>
    public required long TelemetryReceivedBytes { get; init; }

    public required long MetricsReadBytes { get; init; }

    public required IReadOnlyList<OverheadRound> Rounds { get; init; }

    public static OverheadReport Create(
        IReadOnlyList<OverheadVariant> variants, IReadOnlyList<OverheadRound> rounds, long receivedBytes, long readBytes) => new()
        {
            Rows = [.. variants.Select(variant => OverheadRow.Create(variant.Name, variants[0].Name, rounds))],
            TelemetryReceivedBytes = receivedBytes,
            MetricsReadBytes = readBytes,
            Rounds = rounds,
        };
}

/// <summary>One run of each variant, by name.</summary>
internal sealed record OverheadRound(IReadOnlyDictionary<string, DriveReport> Runs);
