using ResourceService.Load.Driving;
using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Overhead;

/// <summary>
/// Starts one server for each variant, all at the same time, and drives one after the other with the same claims, round after round: what is compared
/// takes turns, and every server is warm. One that is not being driven does next to nothing.
/// </summary>
internal sealed class OverheadRun(OverheadSettings settings, FleetSettings fleet, LoadConsole console)
{
    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(12);

    public async Task<OverheadReport> RunAsync(IReadOnlyList<OverheadVariant> variants, CancellationToken cancellationToken)
    {
        using var files = new OverheadCredentials();
        var receiver = settings.AddressOf(variants.Count, isTls: false);
        using var peers = new OverheadPeers(receiver);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var receiving = peers.ReceiveAsync(ending.Token);
        var stands = new List<Stand>();
        try
        {
            foreach (var variant in variants)
            {
                stands.Add(await OpenAsync(variant, settings.AddressOf(stands.Count, variant.IsTls), receiver, files, cancellationToken));
            }
            var reading = peers.ReadPagesAsync(ending.Token);
            var rounds = await DriveAsync(stands, files, peers, cancellationToken);
            await ending.CancelAsync();
            await Task.WhenAll(receiving, reading);
            if (variants.Any(variant => variant.SampledShare > 0) && peers.ReceivedBytes == 0)
            {
                throw new InvalidOperationException("No telemetry was received: what it costs to send it was not measured.");
            }
            return OverheadReport.Create(variants, rounds, peers.ReceivedBytes, peers.ReadBytes);
        }
        finally
        {
            foreach (var stand in stands)
            {
                stand.Session.Dispose();
                await stand.Server.DisposeAsync();
            }
        }
    }

    private async Task<Stand> OpenAsync(
        OverheadVariant variant, Uri address, Uri receiver, OverheadCredentials files, CancellationToken cancellationToken)
    {
        variant.Present(files);
        var arguments = variant.Arguments(files, address, OverheadSettings.MetricsPageOf(address).Port).Select(argument => $"\"{argument}\"");
        var server = await ServerUnderTest.OpenAsync(
            settings.Server with
            {
                Address = address,
                Command = $"{settings.Server.Command} {string.Join(' ', arguments)}",
                Environment = new Dictionary<string, string>(settings.Server.Environment.Concat(variant.Environment(receiver))),
                CountsAllocations = true,
            },
            cancellationToken);
        var session = new DriveSession(server, metricsUrl: null, emptyService: "", fleet, console);
        await session.PrepareAsync(settings.Drive.Connections, cancellationToken);
        return new Stand(variant, server, session);
    }

    private async Task<IReadOnlyList<OverheadRound>> DriveAsync(
        IReadOnlyList<Stand> stands, OverheadCredentials files, OverheadPeers peers, CancellationToken cancellationToken)
    {
        // A server compiles what is called often, and takes some seconds to do so.
        foreach (var stand in stands)
        {
            await DriveAsync(stand, settings.Drive with { Duration = _warmUp }, "warm-up");
        }
        var rounds = new List<OverheadRound>();
        for (var round = 1; round <= settings.Rounds; round++)
        {
            // There and back, so that nobody always comes after the same one.
            var reports = new Dictionary<string, DriveReport>(StringComparer.Ordinal);
            foreach (var stand in round % 2 == 1 ? stands : stands.Reverse())
            {
                reports.Add(stand.Variant.Name, await DriveAsync(stand, settings.Drive, $"round {round}"));
            }
            rounds.Add(new OverheadRound(reports));
        }
        return rounds;

        async Task<DriveReport> DriveAsync(Stand stand, DriveSettings drive, string when)
        {
            stand.Variant.Present(files);
            peers.MetricsPage = stand.Variant.HasMetrics ? OverheadSettings.MetricsPageOf(stand.Server.Address) : null;
            var report = await stand.Session.DriveAsync(drive, $"{stand.Variant.Name}, {when}", cancellationToken);
            console.Line($"{when,-9} {stand.Variant.Name,-22} {Figures.Microseconds(report.ServerCpuUsPerRequest)}, "
                + $"{report.ServerAllocatedBytesPerRequest:N0} bytes, {Figures.Count(report.RequestsPerSecond)}/s, errors {Figures.Errors(report.Errors)}");
            return report;
        }
    }

    /// <summary>A running server and what drives it.</summary>
    private sealed record Stand(OverheadVariant Variant, ServerUnderTest Server, DriveSession Session);
}
