using ResourceService.Load.Builds;
using Spectre.Console;

namespace ResourceService.Load.Reporting;

/// <summary>Two builds beside each other, as a table.</summary>
internal static class BuildsText
{
    public const string Note =
        "Other build / first build, medians of the rounds' own ratios; in brackets the middle half of the rounds; then the medians of both.";

    public static Table Create(BuildsReport report)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("in flight", column => column.RightAligned());
        table.AddColumn("sent");
        foreach (var name in (string[])["rounds", "server CPU", "allocated", "rate", "p50", "p99", "errors"])
        {
            table.AddColumn(name, column => column.RightAligned());
        }
        foreach (var row in report.Rows)
        {
            table.AddRow(
                Figures.Count(row.InFlight),
                row.Mode.ToString(),
                Figures.Count(row.RoundCount),
                Show(row.ServerCpu, "µs"),
                Show(row.Allocated, "B"),
                Show(row.Rate, "/s"),
                Show(row.P50, "µs"),
                Show(row.P99, "µs"),
                Figures.Count(row.ErrorCount));
        }
        return table;
    }

    private static string Show(BuildsRatio? ratio, string unit) => ratio is null
        ? Figures.NotKnown
        : Markup.Escape($"{ratio.Median:0.00} [{ratio.LowerQuartile:0.00}-{ratio.UpperQuartile:0.00}] {ratio.FirstMedian:N0} / {ratio.OtherMedian:N0} {unit}");
}
