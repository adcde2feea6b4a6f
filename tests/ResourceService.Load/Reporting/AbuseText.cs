using ResourceService.Load.Abusing;
using Spectre.Console;

namespace ResourceService.Load.Reporting;

/// <summary>What abuse did, as a table.</summary>
internal static class AbuseText
{
    public static Table Create(AbuseReport report)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("abuse");
        foreach (var name in (string[])["attempts", "closed", "p50 alone", "beside", "p99 alone", "beside", "ratio", "calls", "memory before", "most", "after", "ratio", "idle CPU"])
        {
            table.AddColumn(name, column => column.RightAligned());
        }
        table.AddColumn("errors");
        foreach (var row in report.Rows)
        {
            table.AddRow(
                row.Kind,
                Figures.Count(row.AttemptCount),
                Figures.Count(row.ClosedCount),
                Figures.Latency(row.Alone.P50Us),
                Figures.Latency(row.Beside.P50Us),
                Figures.Latency(row.Alone.P99Us),
                Figures.Latency(row.Beside.P99Us),
                Figures.Ratio(row.P99Ratio),
                Figures.Count(row.CallCount),
                Figures.Mib(row.MemoryBeforeMib),
                Figures.Mib(row.MemoryPeakMib),
                Figures.Mib(row.MemoryAfterMib),
                Figures.Ratio(row.MemoryRatio),
                row.IdleCpu is { } idle ? $"{idle:P1}" : Figures.NotKnown,
                Figures.Errors(row.Errors));
        }
        return table;
    }

    /// <summary>One kind as soon as it is known.</summary>
    public static string Line(AbuseRow row) =>
        $"{row.Kind,-15} p99 {Figures.Latency(row.Alone.P99Us)} alone, {Figures.Latency(row.Beside.P99Us)} beside; "
        + $"memory {Figures.Mib(row.MemoryBeforeMib)}, {Figures.Mib(row.MemoryPeakMib)}, {Figures.Mib(row.MemoryAfterMib)}";
}
