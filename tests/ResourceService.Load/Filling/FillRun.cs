using System.Diagnostics;
using ResourceService.Load.Driving;
using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;
using ResourceService.V1;

namespace ResourceService.Load.Filling;

/// <summary>Fills a server with claims as fast as it takes them, then starts it again if asked, and lets it verify its ledger.</summary>
internal sealed class FillRun(DriveSession session, ServerUnderTest server, LoadConsole console)
{
    public async Task<FillReport> RunAsync(FillSettings settings, int nodeCount, CancellationToken cancellationToken)
    {
        var registering = Stopwatch.GetTimestamp();
        await session.PrepareAsync(settings.Connections, cancellationToken);
        var registerSeconds = Stopwatch.GetElapsedTime(registering).TotalSeconds;

        var cpuBefore = CpuTime();
        var filling = Stopwatch.GetTimestamp();
        var measurement = await session.StreamAsync(settings.ClaimCount, settings.Connections, settings.InFlight, settings.Seed, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(filling).TotalSeconds;
        var report = new FillReport
        {
            Nodes = nodeCount,
            RegisterSeconds = registerSeconds,
            Claims = measurement.AllClaimCount,
            Seconds = seconds,
            ClaimsPerSecond = measurement.AllClaimCount / seconds,
            Latency = measurement.Latency(),
            Errors = measurement.Errors,
            FirstError = measurement.FirstError,
            ServerCpuUsPerClaim = (CpuTime() - cpuBefore)?.TotalMicroseconds / Math.Max(1, measurement.AllClaimCount),
            Memory = Memory(),
            VerifiedClaims = 0,
            Differences = 0,
            VerifySeconds = 0,
        };
        if (settings.Restart)
        {
            report = await RestartAsync(report, settings, cancellationToken);
        }
        return await VerifyAsync(report, cancellationToken);
    }

    private async Task<FillReport> RestartAsync(FillReport report, FillSettings settings, CancellationToken cancellationToken)
    {
        console.Line(settings.KillBeforeRestart ? "Killing the server and starting it again." : "Stopping the server and starting it again.");
        var stopping = Stopwatch.GetTimestamp();
        int? exitCode = null;
        if (settings.KillBeforeRestart)
        {
            await server.KillAsync();
        }
        else
        {
            exitCode = await server.StopAsync();
        }
        var stopSeconds = Stopwatch.GetElapsedTime(stopping).TotalSeconds;
        var startTime = await server.StartAsync(cancellationToken);
        return report with
        {
            StopSeconds = stopSeconds,
            StopExitCode = exitCode,
            StartSeconds = startTime.TotalSeconds,
            MemoryAfterStart = Memory(),
        };
    }

    private async Task<FillReport> VerifyAsync(FillReport report, CancellationToken cancellationToken)
    {
        using var channel = LoadChannels.Open(server.Address);
        var start = Stopwatch.GetTimestamp();
        var audits = new AuditService.AuditServiceClient(channel);
        var verification = await audits.VerifyLedgerAsync(new VerifyLedgerRequest(), cancellationToken: cancellationToken);
        return report with
        {
            VerifiedClaims = verification.ClaimCount,
            Differences = verification.DifferenceCount,
            VerifySeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
    }

    private TimeSpan? CpuTime() => server.ProcessId is { } id ? ProcessReadings.CpuTime(id) : null;

    private MemoryReading? Memory() => server.ProcessId is { } id ? ProcessReadings.Memory(id) : null;
}
