using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Driving;

/// <summary>
/// Runs the drives of a comparison so that what is compared takes turns (A B A B): the machine's other work, and the growth of the ledger, then
/// disturb all of them alike.
/// </summary>
internal sealed class CompareRun(DriveSession session, ServerUnderTest server, LoadConsole console)
{
    public async Task<CompareReport> RunAsync(CompareSettings settings, string? probeDirectory, CancellationToken cancellationToken)
    {
        await session.PrepareAsync(settings.Drive.Connections, cancellationToken);
        var diskSync = (probeDirectory ?? server.DataDirectory) is { } directory ? DiskProbe.Measure(directory) : null;
        await WarmUpAsync(settings, cancellationToken);
        var runs = new List<DriveReport>();
        foreach (var group in settings.Groups())
        {
            for (var round = 1; round <= settings.Rounds; round++)
            {
                foreach (var drive in group)
                {
                    var report = await session.DriveAsync(drive, $"{drive.Mode}, {drive.InFlight} in flight, round {round}", cancellationToken);
                    console.Line(
                        $"{drive.Mode,-6} {drive.InFlight,5} in flight, round {round}: {Figures.Count(report.RequestsPerSecond),9}/s, "
                        + $"p50 {Figures.Latency(report.Latency.P50Us)}, errors {Figures.Errors(report.Errors)}");
                    runs.Add(report);
                }
            }
        }
        return CompareReport.Create(runs, diskSync);
    }

    /// <summary>Each mode runs once unmeasured: a server compiles what is called often, and that must not be charged to the first mode.</summary>
    private async Task WarmUpAsync(CompareSettings settings, CancellationToken cancellationToken)
    {
        foreach (var drive in settings.Groups().TakeLast(2).SelectMany(group => group))
        {
            await session.DriveAsync(drive, $"Warm-up: {drive.Mode}", cancellationToken);
        }
    }
}
