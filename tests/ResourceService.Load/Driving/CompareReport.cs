using ResourceService.Load.Servers;

namespace ResourceService.Load.Driving;

/// <summary>What a comparison found: medians first, then every run that they come from, in the order in which they ran.</summary>
internal sealed record CompareReport
{
    public required IReadOnlyList<CompareRow> Medians { get; init; }

    /// <summary>One fdatasync of 4 KiB in the directory that was probed; null when none was.</summary>
    public LatencyReport? DiskSync { get; init; }

    /// <summary>Median of one claim alone, less the median empty call and the median fdatasync. Null when one of the three was not measured.</summary>
    public double? LoneClaimOverheadUs { get; init; }

    public MemoryReading? ServerMemory { get; init; }

    public required IReadOnlyList<DriveReport> Runs { get; init; }

    public static CompareReport Create(IReadOnlyList<DriveReport> runs, LatencyReport? diskSync)
    {
        var medians = runs.GroupBy(run => (run.Mode, run.InFlight)).Select(rounds => CompareRow.Median([.. rounds])).ToList();
        var empty = medians.Where(row => row.Mode == DriveMode.Empty).ToDictionary(row => row.InFlight);
        var rows = medians.Select(row => row with { RatioToEmpty = row.RequestsPerSecond / EmptyRate(row) }).ToList();
        var loneClaim = rows.Find(row => row is { Mode: DriveMode.Unary, InFlight: 1 });
        return new CompareReport
        {
            Medians = rows,
            DiskSync = diskSync,
            LoneClaimOverheadUs = empty.TryGetValue(1, out var loneEmpty) ? loneClaim?.P50Us - loneEmpty.P50Us - diskSync?.P50Us : null,
            ServerMemory = runs.Count == 0 ? null : runs[^1].ServerMemory,
            Runs = runs,
        };

        double? EmptyRate(CompareRow row) =>
            row.Mode is DriveMode.Batch or DriveMode.Stream
                ? empty.Count == 0 ? null : empty.Values.Max(other => other.RequestsPerSecond)
                : empty.GetValueOrDefault(row.InFlight)?.RequestsPerSecond;
    }
}
