using ResourceService.Load.Overhead;
using Spectre.Console;

namespace ResourceService.Load.Reporting;

/// <summary>What identity and telemetry cost, as a table.</summary>
internal static class OverheadText
{
    public static Table Create(OverheadReport report)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("switched on");
        foreach (var name in (string[])["server CPU per claim", "of plain", "allocated per claim", "of plain", "claims/s", "errors"])
        {
            table.AddColumn(name, column => column.RightAligned());
        }
        foreach (var row in report.Rows)
        {
            table.AddRow(
                row.Variant,
                Figures.Microseconds(row.CpuUsPerClaim),
                Figures.Ratio(row.CpuOfPlain),
                $"{row.AllocatedBytesPerClaim:N0} B",
                Figures.Ratio(row.AllocatedOfPlain),
                Figures.Count(row.ClaimsPerSecond),
                Figures.Count(row.ErrorCount));
        }
        return table;
    }

    /// <summary>What stands below the table.</summary>
    public static string Note(OverheadReport report) =>
        "Medians of all rounds; ratios are medians of those within each round. "
        + $"The receiver got {report.TelemetryReceivedBytes:N0} bytes of telemetry, of metrics pages {report.MetricsReadBytes:N0} were read.";
}
