using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Abusing;

/// <summary>
/// Does each kind of abuse in turn beside a healthy caller: first that caller alone, as the machine changes while others work on it, then both, then a
/// rest in which the server must come back to what it was.
/// </summary>
internal sealed class AbuseRun(ServerUnderTest server, HealthyCaller healthy, AbuseSettings settings, LoadConsole console)
{
    private static readonly TimeSpan _betweenReadings = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(5);

    public async Task<AbuseReport> RunAsync(CancellationToken cancellationToken)
    {
        await healthy.RunAsync(_warmUp, cancellationToken);
        var rows = new List<AbuseRow>();
        foreach (var kind in settings.Kinds)
        {
            rows.Add(await RunAsync(kind, cancellationToken));
            console.Line(AbuseText.Line(rows[^1]));
        }
        return new AbuseReport(rows);
    }

    private async Task<AbuseRow> RunAsync(AbuseKind kind, CancellationToken cancellationToken)
    {
        var alone = await healthy.RunAsync(settings.Duration, cancellationToken);
        var before = Memory();
        var target = new AbuseTarget(server.Address, settings.AbuseFrom, settings.Duration);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = PeakAsync(ending.Token);
        var abusing = kind.RunAsync(target, ending.Token);
        var beside = await healthy.RunAsync(settings.Duration, cancellationToken);
        await ending.CancelAsync();
        await abusing;
        var peak = await reading;
        var idleCpu = await RestAsync(cancellationToken);
        return new AbuseRow
        {
            Kind = kind.Name,
            AttemptCount = target.AttemptCount,
            ClosedCount = target.ClosedCount,
            Alone = alone.Latency(),
            Beside = beside.Latency(),
            CallCount = beside.CallCount,
            Errors = beside.Errors,
            MemoryBeforeMib = before,
            MemoryPeakMib = peak,
            MemoryAfterMib = Memory(),
            IdleCpu = idleCpu,
        };
    }

    private async Task<double?> PeakAsync(CancellationToken cancellationToken)
    {
        var peak = Memory();
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.WhenAny(Task.Delay(_betweenReadings, cancellationToken));
            peak = Memory() is { } now && peak is { } most ? Math.Max(now, most) : peak;
        }
        return peak;
    }

    // The share of one core that the server takes at the end of the rest.
    private async Task<double?> RestAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(settings.Rest > _idle ? settings.Rest - _idle : TimeSpan.Zero, cancellationToken);
        var before = CpuTime();
        await Task.Delay(_idle, cancellationToken);
        return (CpuTime() - before) / _idle;
    }

    private double? Memory() => server.ProcessId is { } id ? ProcessReadings.Memory(id).ResidentMib : null;

    private TimeSpan? CpuTime() => server.ProcessId is { } id ? ProcessReadings.CpuTime(id) : null;
}
