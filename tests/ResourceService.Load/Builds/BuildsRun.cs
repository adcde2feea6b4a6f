using ResourceService.Load.Driving;
using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Builds;

/// <summary>
/// Drives two servers in turn with the same load (A B, then B A): what disturbs the machine meets both alike, and neither always comes second. Both run all
/// the time, and the one that is not driven does next to nothing.
/// </summary>
internal sealed class BuildsRun(CompareSettings settings, FleetSettings fleet, string emptyService, LoadConsole console)
{
    // A server compiles what is called often, and takes some seconds to do so.
    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(12);

    public async Task<BuildsReport> RunAsync(ServerSettings first, ServerSettings other, CancellationToken cancellationToken)
    {
        await using var firstServer = await OpenAsync(first, cancellationToken);
        await using var otherServer = await OpenAsync(other, cancellationToken);
        using var firstSession = new DriveSession(firstServer, first.MetricsUrl, emptyService, fleet, console);
        using var otherSession = new DriveSession(otherServer, metricsUrl: null, emptyService, fleet, console);
        await firstSession.PrepareAsync(settings.Drive.Connections, cancellationToken);
        await otherSession.PrepareAsync(settings.Drive.Connections, cancellationToken);

        var rounds = new List<BuildsRound>();
        foreach (var drive in settings.Groups().SelectMany(group => group))
        {
            await firstSession.DriveAsync(drive with { Duration = _warmUp }, $"first, warm-up: {drive.Mode}", cancellationToken);
            await otherSession.DriveAsync(drive with { Duration = _warmUp }, $"other, warm-up: {drive.Mode}", cancellationToken);
            for (var round = 1; round <= settings.Rounds; round++)
            {
                var otherComesFirst = round % 2 == 0;
                var early = otherComesFirst ? await DriveOtherAsync() : null;
                var measured = await DriveAsync(firstSession, "first");
                rounds.Add(new BuildsRound(measured, early ?? await DriveOtherAsync()));

                Task<DriveReport> DriveOtherAsync() => DriveAsync(otherSession, "other");

                async Task<DriveReport> DriveAsync(DriveSession session, string name)
                {
                    var report = await session.DriveAsync(drive, $"{name}, {drive.Mode}, {drive.InFlight} in flight, round {round}", cancellationToken);
                    console.Line(
                        $"{name} {drive.Mode,-6} {drive.InFlight,5} in flight, round {round}: {Figures.Microseconds(report.ServerCpuUsPerRequest)}, "
                        + $"{report.ServerAllocatedBytesPerRequest:N0} bytes, {Figures.Count(report.RequestsPerSecond)}/s, errors {Figures.Errors(report.Errors)}");
                    return report;
                }
            }
        }
        return BuildsReport.Create(rounds);
    }

    private static Task<ServerUnderTest> OpenAsync(ServerSettings server, CancellationToken cancellationToken) =>
        ServerUnderTest.OpenAsync(server with { CountsAllocations = true }, cancellationToken);
}
