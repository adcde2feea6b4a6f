using ResourceService.Load.Filling;
using Spectre.Console;

namespace ResourceService.Load.Reporting;

/// <summary>The report of a fill as a table of names and values.</summary>
internal static class FillText
{
    public static Table Create(FillReport report)
    {
        var table = new Table { Border = TableBorder.Simple, ShowHeaders = false };
        table.AddColumns("name", "value");
        Add("nodes", $"{report.Nodes:N0}, registered in {report.RegisterSeconds:0.0} s");
        Add("claims", $"{report.Claims:N0} in {report.Seconds:0.00} s");
        Add("rate", $"{report.ClaimsPerSecond:N0}/s");
        Add("latency p50", Figures.Latency(report.Latency.P50Us));
        Add("latency p99", Figures.Latency(report.Latency.P99Us));
        Add("latency max", Figures.Latency(report.Latency.MaxUs));
        Add("errors", Figures.Errors(report.Errors));
        if (report.FirstError is not null)
        {
            Add("first error", report.FirstError);
        }
        Add("server CPU per claim", Figures.Microseconds(report.ServerCpuUsPerClaim));
        Add("server memory", $"{Figures.Mib(report.Memory?.ResidentMib)}, at most {Figures.Mib(report.Memory?.PeakMib)}");
        if (report.StartSeconds is { } startSeconds)
        {
            Add("stop", report.StopExitCode is { } code ? $"{report.StopSeconds:0.00} s, exit code {code}" : "killed");
            Add("start until serving", $"{startSeconds:0.00} s");
            Add("memory after start", $"{Figures.Mib(report.MemoryAfterStart?.ResidentMib)}, at most {Figures.Mib(report.MemoryAfterStart?.PeakMib)}");
        }
        Add("VerifyLedger", $"{report.VerifiedClaims:N0} claims, {report.Differences:N0} differences, in {report.VerifySeconds:0.00} s");
        return table;

        void Add(string name, string value) => table.AddRow(new Text(name), new Text(value));
    }
}
