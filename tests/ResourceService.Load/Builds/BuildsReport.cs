using ResourceService.Load.Driving;

namespace ResourceService.Load.Builds;

/// <summary>What two builds cost, and every run that the figures come from.</summary>
internal sealed record BuildsReport
{
    public required IReadOnlyList<BuildsRow> Rows { get; init; }

    public required IReadOnlyList<BuildsRound> Rounds { get; init; }

    public static BuildsReport Create(IReadOnlyList<BuildsRound> rounds) => new()
    {
        Rows = [.. rounds.GroupBy(round => (round.First.Mode, round.First.InFlight)).Select(group => BuildsRow.Create([.. group]))],
        Rounds = rounds,
    };
}

/// <summary>One run of each build, one right after the other.</summary>
internal sealed record BuildsRound(DriveReport First, DriveReport Other);

/// <summary>One kind of load: the other build's figures divided by the first one's, round by round.</summary>
internal sealed record BuildsRow
{
    public required DriveMode Mode { get; init; }

    public required int InFlight { get; init; }

    public required int RoundCount { get; init; }

    public BuildsRatio? ServerCpu { get; init; }

    public BuildsRatio? Allocated { get; init; }

    public BuildsRatio? Rate { get; init; }

    public BuildsRatio? P50 { get; init; }

    public BuildsRatio? P99 { get; init; }

    public required long ErrorCount { get; init; }

    public static BuildsRow Create(IReadOnlyList<BuildsRound> rounds) => new()
    {
        Mode = rounds[0].First.Mode,
        InFlight = rounds[0].First.InFlight,
        RoundCount = rounds.Count,
        ServerCpu = BuildsRatio.Create(rounds, run => run.ServerCpuUsPerRequest),
        Allocated = BuildsRatio.Create(rounds, run => run.ServerAllocatedBytesPerRequest),
        Rate = BuildsRatio.Create(rounds, run => run.RequestsPerSecond),
        P50 = BuildsRatio.Create(rounds, run => run.Latency.P50Us),
        P99 = BuildsRatio.Create(rounds, run => run.Latency.P99Us),
        ErrorCount = rounds.Sum(round => round.First.Errors.Values.Sum() + round.Other.Errors.Values.Sum()),
    };
}

/// <summary>The other build's share of the first one's figure: median of the rounds, and the middle half of them as the spread.</summary>
internal sealed record BuildsRatio(double Median, double LowerQuartile, double UpperQuartile, double FirstMedian, double OtherMedian)
{
    /// <summary>Null when a run has no such figure.</summary>
    public static BuildsRatio? Create(IReadOnlyList<BuildsRound> rounds, Func<DriveReport, double?> figure)
    {
        var pairs = rounds.Select(round => (First: figure(round.First), Other: figure(round.Other))).ToArray();
        if (pairs.Any(pair => pair.Other is null || pair.First is null or 0))
        {
            return null;
        }
        var ratios = Sorted(pairs.Select(pair => pair.Other!.Value / pair.First!.Value));
        return new BuildsRatio(
            At(ratios, 0.5), At(ratios, 0.25), At(ratios, 0.75),
            At(Sorted(pairs.Select(pair => pair.First!.Value)), 0.5), At(Sorted(pairs.Select(pair => pair.Other!.Value)), 0.5));
    }

    private static double[] Sorted(IEnumerable<double> figures) => [.. figures.Order()];

    /// <summary>The figure at a share of the way through, between two of them where it falls there.</summary>
    private static double At(double[] sorted, double share)
    {
        var position = share * (sorted.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
