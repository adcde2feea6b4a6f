using ResourceService.Load.Soaking;
using Spectre.Console;

namespace ResourceService.Load.Reporting;

/// <summary>The summary of a soak.</summary>
internal static class SoakText
{
    private const int ShownViolations = 20;

    public static Table Create(SoakReport report)
    {
        var memory = report.Memory;
        var table = new Table { Border = TableBorder.Simple, ShowHeaders = false };
        table.AddColumns("name", "value");
        Add("seed", $"{report.Seed}");
        Add("fleet", $"{report.Nodes:N0} nodes, {report.LiveInstances:N0} instances at the end");
        Add("rate", $"{report.RateAsked:N0} steps/s of at most {report.MaximalRate:N0}; "
            + $"{report.Rate:N0} over {report.Minutes:0.0} minutes, restarts and checks included");
        Add("steps", Figures.Errors(report.Answered));
        Add("refused", $"{report.Refused:N0} for want of room");
        Add("sent again", Figures.Errors(report.Retried));
        Add("connections cut", $"{report.Cuts:N0}");
        Add("faults of the disk", Figures.Errors(report.DiskFaults));
        Add("kills", report.Kills == 0 ? "none" : $"{report.Kills}; serving again after {string.Join(", ", report.RestartMs.Select(ms => $"{ms:0} ms"))}");
        Add("checks passed", $"{report.ChecksPassed:N0}");
        Add("VerifyLedger", report.VerifyLedger);
        Add("database", $"{report.DatabaseMibBefore:N0} MiB before, {report.DatabaseMib:N0} MiB after");
        Add("memory by minute", string.Join(", ", memory.Minutes.Select(minute => $"{minute.Minute} (life {minute.Life}): {minute.ResidentMib:0}")) + " MiB");
        Add("memory of lives at the same age", string.Join(", ", memory.LivesAtSameAgeMib.Select(life => $"{life.Key}: {life.Value:0}"))
            + $" MiB; {Percent(memory.LivesGrowthPercent)} of {report.LivesGrowthPercentMax:0} % allowed");
        Add("memory of the last life", $"{memory.EarlyMib:0.0} MiB at first, {memory.LateMib:0.0} MiB at last; {Percent(memory.LastLifeGrowthPercent)} "
            + $"of {report.LastLifeGrowthPercentMax:0} % allowed; slope {memory.SlopeMibPerMinute:+0.00;-0.00} MiB/min");
        return table;

        void Add(string name, string value) => table.AddRow(new Text(name), new Text(value));
    }

    /// <summary>The verdict, below the table.</summary>
    public static IEnumerable<string> Verdict(SoakReport report)
    {
        if (report.Violations.Count == 0)
        {
            yield return "Passed: every call was answered, nothing acknowledged is missing, nothing is held that nobody asked for, memory is flat.";
            yield break;
        }
        yield return $"VIOLATED: {report.Violations.Count} in all; again with --seed {report.Seed}.";
        foreach (var violation in report.Violations.Take(ShownViolations))
        {
            yield return $"  {violation}";
        }
        yield return $"The server's last lines:{Environment.NewLine}{report.ServerOutput}";
    }

    private static string Percent(double? growth) => growth is null ? Figures.NotKnown : $"{growth:+0.0;-0.0} %";
}
