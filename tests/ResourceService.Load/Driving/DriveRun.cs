using ResourceService.Load.Servers;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Driving;

/// <summary>Carries out one drive: starts the loops, reads the CPU times at both ends of the measured window, and makes the report.</summary>
internal sealed class DriveRun(ServerUnderTest server, ClaimTemplate template, CommitCounters commits, string emptyService)
{
    // The last calls are answered long before that, or never.
    private static readonly TimeSpan _drainTimeout = TimeSpan.FromSeconds(60);

    public async Task<DriveReport> RunAsync(DriveSettings settings, ulong seed, CancellationToken cancellationToken)
    {
        using var channels = new LoadChannels(server.Address, settings.Connections);
        await using var watchers = settings.WatcherCount > 0 ? new NodeWatchers(server.Address, settings.WatcherCount, cancellationToken) : null;
        var pacer = new Pacer(settings.Rate);
        var window = DriveWindow.StartingNow(settings.Warmup, settings.Duration);
        var measurement = new Measurement(window);
        var driving = DriveAsync(settings, seed, channels, window, pacer, measurement, cancellationToken);

        await DriveWindow.WaitUntilAsync(window.From, cancellationToken);
        var before = await DriveReading.TakeAsync(server, commits, cancellationToken);
        var watchedBefore = watchers?.ChangeCount;
        await DriveWindow.WaitUntilAsync(window.Until, cancellationToken);
        var after = await DriveReading.TakeAsync(server, commits, cancellationToken);
        var watched = watchers?.ChangeCount - watchedBefore;
        await driving.WaitAsync(_drainTimeout, cancellationToken);
        var report = Report(settings, measurement, before, after);
        return watchers is null ? report : report with
        {
            Watched = new WatchReport(
                settings.WatcherCount,
                watched!.Value / after.Elapsed(before).TotalSeconds / settings.WatcherCount,
                (await watchers.CatchUpAsync(cancellationToken)).TotalMilliseconds),
        };
    }

    private Task DriveAsync(
        DriveSettings settings, ulong seed, LoadChannels channels, DriveWindow window, Pacer pacer, Measurement measurement,
        CancellationToken cancellationToken)
    {
        if (settings.Mode == DriveMode.Stream)
        {
            var driver = new StreamDriver(server.Address, template, settings.Connections, settings.InFlight, seed);
            return driver.RunAsync(new StreamBudget(window, pacer, claimLimit: null), measurement, cancellationToken);
        }
        var method = settings.Mode switch
        {
            DriveMode.Empty => RawMethods.Check,
            DriveMode.Unary => RawMethods.ClaimInstance,
            _ => RawMethods.ClaimInstances,
        };
        var payloads = Enumerable.Range(0, settings.InFlight).Select(i => CreatePayload(settings, seed + (ulong)i)).ToArray();
        return new CallDriver(method, channels.Invokers, window, pacer, measurement).RunAsync(payloads, cancellationToken);
    }

    private Payload CreatePayload(DriveSettings settings, ulong seed) => settings.Mode switch
    {
        DriveMode.Empty => EmptyPayload.Create(emptyService),
        DriveMode.Unary => template.Single(RandomSequence.Mix(seed)),
        _ => template.Batch(settings.BatchSize, RandomSequence.Mix(seed)),
    };

    private DriveReport Report(DriveSettings settings, Measurement measurement, DriveReading before, DriveReading after)
    {
        var requests = settings.Mode == DriveMode.Empty ? measurement.CallCount : measurement.ClaimCount;
        var seconds = settings.Duration.TotalSeconds;
        // The readings are some milliseconds off the window: CPU per second times the window's length belongs to the window's requests.
        var elapsed = after.Elapsed(before).TotalSeconds;
        var serverCores = (after.ServerCpu - before.ServerCpu)?.TotalSeconds / elapsed;
        var clientCores = (after.ClientCpu - before.ClientCpu).TotalSeconds / elapsed;
        var microsecondsPerCore = requests == 0 ? 0 : seconds * 1e6 / requests;
        var committed = before.Commits is null ? null : after.Commits?.Since(before.Commits);
        return new DriveReport
        {
            Mode = settings.Mode,
            InFlight = settings.InFlight,
            Connections = settings.Connections,
            BatchSize = settings.Mode == DriveMode.Batch ? settings.BatchSize : null,
            RateAsked = settings.Rate,
            Seconds = seconds,
            Requests = requests,
            RequestsPerSecond = requests / seconds,
            Latency = measurement.Latency(),
            Errors = measurement.Errors,
            FirstError = measurement.FirstError,
            ServerCpuUsPerRequest = serverCores * microsecondsPerCore,
            ServerCores = serverCores,
            ServerAllocatedBytesPerRequest = requests == 0 ? null : (double?)(after.ServerAllocatedBytes - before.ServerAllocatedBytes) / requests,
            ClientCpuUsPerRequest = clientCores * microsecondsPerCore,
            ServerMemory = server.ProcessId is { } id ? ProcessReadings.Memory(id) : null,
            Commits = committed?.Commits,
            ChangesPerCommit = committed?.ChangesPerCommit,
        };
    }
}
