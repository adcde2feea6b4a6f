using ResourceService.Load.Replay;
using Spectre.Console;

namespace ResourceService.Load.Reporting;

/// <summary>The summary of a replay.</summary>
internal static class ReplayText
{
    private const int ShownDisagreements = 20;

    public static Table Create(ReplayReport report)
    {
        var table = new Table { Border = TableBorder.Simple, ShowHeaders = false };
        table.AddColumns("name", "value");
        Add("trace", $"{report.Nodes:N0} nodes, {report.Requests:N0} requests, {report.Steps:N0} steps");
        Add("steps answered", $"{report.StepsAnswered:N0}");
        Add("claimed", $"{report.Claimed:N0} ({report.Confirmed:N0} confirmed)");
        Add("refused", $"{report.Refused.Values.Sum():N0} ({report.RefusalsChecked:N0} of them alone in flight and checked: no node had room)");
        foreach (var (reason, count) in report.Refused.OrderByDescending(refused => refused.Value))
        {
            Add("", $"{count:N0} {reason}");
        }
        Add("released", $"{report.Released:N0}");
        Add("retried", Figures.Errors(report.Retried));
        foreach (var (resourceClass, capacity) in report.Capacity.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var peak = report.PeakUsed.GetValueOrDefault(resourceClass);
            Add($"peak {resourceClass}", $"{peak:N0} of {capacity:N0} ({100.0 * peak / capacity:0} %)");
        }
        Add("checkpoints passed", $"{report.CheckpointsPassed:N0}");
        Add("kills", report.Kills == 0 ? "none" : $"{report.Kills}; serving again after {string.Join(", ", report.RestartMs.Select(ms => $"{ms:0} ms"))}");
        Add("rate", $"{report.ChangesPerSecond:N0} durable changes/s over {report.Seconds:0.0} s");
        Add("VerifyLedger", report.VerifyLedger);
        return table;

        void Add(string name, string value) => table.AddRow(new Text(name), new Text(value));
    }

    /// <summary>The verdict, below the table.</summary>
    public static IEnumerable<string> Verdict(ReplayReport report)
    {
        if (report.Disagreements.Count == 0)
        {
            yield return "Everything agrees: every request was answered, every acknowledged claim was found, "
                + "and use equals the sum of claims at every checkpoint.";
            yield break;
        }
        yield return $"DISAGREEMENT: {report.Disagreements.Count} in all.";
        foreach (var disagreement in report.Disagreements.Take(ShownDisagreements))
        {
            yield return $"  {disagreement}";
        }
    }
}
