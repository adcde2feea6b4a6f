using System.Diagnostics;
using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Driving;

/// <summary>A server with a made-up fleet on it, ready for one drive or for many in turn.</summary>
internal sealed class DriveSession : IDisposable
{
    // Enough for the store's best rate, and the prefill is not measured.
    private const int PrefillInFlight = 4096;
    private const int PrefillSeed = 0;

    private readonly ServerUnderTest _server;
    private readonly FleetSettings _fleet;
    private readonly LoadConsole _console;
    private readonly ClaimTemplate _template;
    private readonly CommitCounters _commits;
    private readonly DriveRun _run;
    private int _runCount;

    public DriveSession(ServerUnderTest server, Uri? metricsUrl, string emptyService, FleetSettings fleet, LoadConsole console)
    {
        _server = server;
        _fleet = fleet;
        _console = console;
        _template = new ClaimTemplate(new NodeNames(fleet.NodePrefix, fleet.NodeCount), fleet.Resources, fleet.Anywhere);
        _commits = new CommitCounters(metricsUrl);
        _run = new DriveRun(server, _template, _commits, emptyService);
    }

    /// <summary>Registers the nodes and makes the claims that must exist before anything is measured.</summary>
    public async Task PrepareAsync(int connectionCount, CancellationToken cancellationToken)
    {
        using var channels = new LoadChannels(_server.Address, connectionCount);
        var registered = 0L;
        var registering = FleetRegistration.RegisterAsync(
            channels.Invokers[0], _template.Nodes, _fleet, count => Volatile.Write(ref registered, count), cancellationToken);
        await _console.WatchAsync($"Registering {_fleet.NodeCount:N0} nodes", _fleet.NodeCount, () => Volatile.Read(ref registered), registering);
        if (_fleet.PrefillCount > 0)
        {
            var measurement = await StreamAsync(_fleet.PrefillCount, connectionCount, PrefillInFlight, PrefillSeed, cancellationToken);
            if (measurement.Errors.Count > 0)
            {
                throw new InvalidOperationException($"Claims before the measurement failed: {Figures.Errors(measurement.Errors)} ({measurement.FirstError}).");
            }
        }
    }

    /// <summary>Makes a number of claims over streams, as fast as possible.</summary>
    public async Task<Measurement> StreamAsync(int claimCount, int connectionCount, int inFlight, int seed, CancellationToken cancellationToken)
    {
        var window = DriveWindow.Open();
        var measurement = new Measurement(window);
        var driver = new StreamDriver(_server.Address, _template, connectionCount, inFlight, NextSeed(seed));
        var streaming = driver.RunAsync(new StreamBudget(window, new Pacer(rate: null), claimCount), measurement, cancellationToken);
        await _console.WatchAsync($"Making {claimCount:N0} claims", claimCount, () => measurement.AllClaimCount, streaming);
        return measurement;
    }

    public async Task<DriveReport> DriveAsync(DriveSettings settings, string title, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var running = _run.RunAsync(settings, NextSeed(settings.Seed), cancellationToken);
        await _console.WatchAsync(title, (settings.Warmup + settings.Duration).TotalSeconds, () => Stopwatch.GetElapsedTime(start).TotalSeconds, running);
        return await running;
    }

    public void Dispose() => _commits.Dispose();

    /// <summary>Runs of one session differ from each other, and each is the same in the next session.</summary>
    private ulong NextSeed(int seed) => RandomSequence.Mix(((ulong)seed << 32) + (ulong)_runCount++);
}
