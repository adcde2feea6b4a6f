using ResourceService.Load.Driving;

namespace ResourceService.Load.Overhead;

/// <summary>Medians of one variant. Ratios are medians too: of the ratios to plain within each round.</summary>
internal sealed record OverheadRow
{
    public required string Variant { get; init; }

    public required double ClaimsPerSecond { get; init; }

    public required double CpuUsPerClaim { get; init; }

    public required double CpuOfPlain { get; init; }

    public required double AllocatedBytesPerClaim { get; init; }

    public required double AllocatedOfPlain { get; init; }

    public required long ErrorCount { get; init; }

    public static OverheadRow Create(string variant, string plain, IReadOnlyList<OverheadRound> rounds) => new()
    {
        Variant = variant,
        ClaimsPerSecond = Median(rounds, round => round.Runs[variant].RequestsPerSecond),
        CpuUsPerClaim = Median(rounds, round => Cpu(round.Runs[variant])),
        CpuOfPlain = Median(rounds, round => Cpu(round.Runs[variant]) / Cpu(round.Runs[plain])),
        AllocatedBytesPerClaim = Median(rounds, round => Allocated(round.Runs[variant])),
        AllocatedOfPlain = Median(rounds, round => Allocated(round.Runs[variant]) / Allocated(round.Runs[plain])),
        ErrorCount = rounds.Sum(round => round.Runs[variant].Errors.Values.Sum()),
    };

    private static double Cpu(DriveReport run) =>
        run.ServerCpuUsPerRequest ?? throw new InvalidOperationException("The CPU time of a server could not be read.");

    private static double Allocated(DriveReport run) =>
        run.ServerAllocatedBytesPerRequest ?? throw new InvalidOperationException("A server did not tell what it allocates: is it a .NET program?");

    private static double Median(IEnumerable<OverheadRound> rounds, Func<OverheadRound, double> figure)
    {
        var sorted = rounds.Select(figure).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
