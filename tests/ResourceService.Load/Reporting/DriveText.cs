using ResourceService.Load.Driving;
using Spectre.Console;

namespace ResourceService.Load.Reporting;

/// <summary>The report of one drive as a table of names and values.</summary>
internal static class DriveText
{
    public static Table Create(DriveReport report)
    {
        var table = new Table { Border = TableBorder.Simple, ShowHeaders = false };
        table.AddColumns("name", "value");
        Add("sent", $"{report.Mode}, {report.InFlight:N0} in flight, {report.Connections} connection(s)"
            + (report.BatchSize is { } size ? $", {size} claims a batch" : "") + (report.RateAsked is { } rate ? $", {rate:N0}/s asked" : ""));
        Add(report.Mode == DriveMode.Empty ? "calls" : "claims", $"{Figures.Count(report.Requests)} in {report.Seconds:0.#} s");
        Add("rate", $"{Figures.Count(report.RequestsPerSecond)}/s");
        Add("latency p50", Figures.Latency(report.Latency.P50Us));
        Add("latency p90", Figures.Latency(report.Latency.P90Us));
        Add("latency p99", Figures.Latency(report.Latency.P99Us));
        Add("latency p99.9", Figures.Latency(report.Latency.P999Us));
        Add("latency max", Figures.Latency(report.Latency.MaxUs));
        if (report.Watched is { } watched)
        {
            Add("watchers", $"{watched.Watchers}, each sent {Figures.Count(watched.ChangesPerSecond)} changes/s, behind by {watched.CatchUpMs:0} ms at the end");
        }
        Add("errors", Figures.Errors(report.Errors));
        if (report.FirstError is not null)
        {
            Add("first error", report.FirstError);
        }
        Add("server CPU per request", Figures.Microseconds(report.ServerCpuUsPerRequest)
            + (report.ServerCores is { } cores ? $" ({cores:0.00} cores busy)" : ""));
        Add("client CPU per request", Figures.Microseconds(report.ClientCpuUsPerRequest));
        Add("server memory", $"{Figures.Mib(report.ServerMemory?.ResidentMib)}, at most {Figures.Mib(report.ServerMemory?.PeakMib)}");
        Add("commits", report.Commits is { } commits ? Figures.Count(commits) : Figures.NotKnown);
        Add("changes per commit", report.ChangesPerCommit is { } changes ? $"{changes:0.0}" : Figures.NotKnown);
        return table;

        void Add(string name, string value) => table.AddRow(new Text(name), new Text(value));
    }
}
