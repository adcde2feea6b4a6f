using ResourceService.Load.Driving;
using Spectre.Console;

namespace ResourceService.Load.Reporting;

/// <summary>The medians of a comparison as a table.</summary>
internal static class CompareText
{
    public static Table Create(CompareReport report)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("in flight", column => column.RightAligned());
        table.AddColumn("sent");
        foreach (var name in (string[])["rate/s", "of empty", "p50", "p99", "server CPU", "client CPU", "claims/commit", "errors"])
        {
            table.AddColumn(name, column => column.RightAligned());
        }
        foreach (var row in report.Medians)
        {
            table.AddRow(
                Figures.Count(row.InFlight),
                row.Mode.ToString(),
                Figures.Count(row.RequestsPerSecond),
                Figures.Ratio(row.RatioToEmpty),
                Figures.Latency(row.P50Us),
                Figures.Latency(row.P99Us),
                Figures.Microseconds(row.ServerCpuUsPerRequest),
                Figures.Microseconds(row.ClientCpuUsPerRequest),
                row.ChangesPerCommit is { } changes ? $"{changes:0.0}" : Figures.NotKnown,
                Figures.Count(row.ErrorCount));
        }
        return table;
    }

    /// <summary>What stands below the table.</summary>
    public static IEnumerable<string> Notes(CompareReport report)
    {
        yield return "Medians of all rounds; CPU per claim or empty call; batches and streams are compared with the empty call's best rate.";
        if (report.DiskSync is { } sync)
        {
            yield return $"One fdatasync of 4 KiB: p50 {Figures.Latency(sync.P50Us)}, p99 {Figures.Latency(sync.P99Us)}.";
        }
        if (report.LoneClaimOverheadUs is { } overhead)
        {
            yield return $"One claim alone costs {overhead:0} µs more than one empty call and one fdatasync (medians).";
        }
        yield return $"Server memory: {Figures.Mib(report.ServerMemory?.ResidentMib)}, at most {Figures.Mib(report.ServerMemory?.PeakMib)}.";
    }
}
