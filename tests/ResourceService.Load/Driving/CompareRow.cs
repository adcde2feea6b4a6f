namespace ResourceService.Load.Driving;

/// <summary>The medians of one drive over all rounds.</summary>
internal sealed record CompareRow
{
    public required DriveMode Mode { get; init; }

    public required int InFlight { get; init; }

    public required double RequestsPerSecond { get; init; }

    /// <summary>Rate as a share of the empty call's: at the same level, or its best rate for batches and streams. Null without empty calls.</summary>
    public double? RatioToEmpty { get; init; }

    public required double P50Us { get; init; }

    public required double P99Us { get; init; }

    public double? ServerCpuUsPerRequest { get; init; }

    public required double ClientCpuUsPerRequest { get; init; }

    public double? ChangesPerCommit { get; init; }

    public required long ErrorCount { get; init; }

    public static CompareRow Median(IReadOnlyCollection<DriveReport> rounds)
    {
        var first = rounds.First();
        return new CompareRow
        {
            Mode = first.Mode,
            InFlight = first.InFlight,
            RequestsPerSecond = MedianOf(rounds, round => round.RequestsPerSecond) ?? 0,
            P50Us = MedianOf(rounds, round => round.Latency.P50Us) ?? 0,
            P99Us = MedianOf(rounds, round => round.Latency.P99Us) ?? 0,
            ServerCpuUsPerRequest = MedianOf(rounds, round => round.ServerCpuUsPerRequest),
            ClientCpuUsPerRequest = MedianOf(rounds, round => round.ClientCpuUsPerRequest) ?? 0,
            ChangesPerCommit = MedianOf(rounds, round => round.ChangesPerCommit),
            ErrorCount = rounds.Sum(round => round.Errors.Values.Sum()),
        };
    }

    private static double? MedianOf(IEnumerable<DriveReport> rounds, Func<DriveReport, double?> figure)
    {
        var sorted = rounds.Select(figure).OfType<double>().Order().ToArray();
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
