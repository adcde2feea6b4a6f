using System.Diagnostics;
using Grpc.Net.Client;
using ResourceService.Load.Driving;
using ResourceService.Load.Servers;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Soaking;

/// <summary>
/// Fills the fleet, measures the maximal rate, then drives half of it while the server is killed and started again; the last life is left alone. After
/// each life callers finish what they have begun, and the books are compared. Stops at the first thing that is wrong.
/// </summary>
internal sealed class SoakRun : IDisposable
{
    private const int ViolationsMax = 1000;
    private static readonly TimeSpan _fillTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _fillPoll = TimeSpan.FromMilliseconds(100);

    private readonly ServerUnderTest _server;
    private readonly SoakSettings _settings;
    private readonly SoakDisk? _disk;
    private readonly SoakFleet _fleet;
    private readonly SoakCounts _counts = new();
    private readonly SoakFaults _faults;
    private readonly CuttableConnections _connections;
    private readonly GrpcChannel[] _channels;
    private readonly SoakClients _clients;
    private readonly SoakCaller[] _callers;
    private readonly SoakChecks _checks;
    private readonly RandomSequence _random;
    private readonly List<string> _violations = [];
    private readonly List<double> _restartMs = [];
    private readonly Stopwatch _soaking = new();
    private readonly CancellationToken _cancellationToken;

    public SoakRun(ServerUnderTest server, SoakDisk? disk, SoakSettings settings, CancellationToken cancellationToken)
    {
        _server = server;
        _disk = disk;
        _settings = settings;
        _cancellationToken = cancellationToken;
        _random = new RandomSequence(RandomSequence.Mix((ulong)settings.Seed));
        _fleet = new SoakFleet(settings.NodeCount, settings.InstanceCount);
        _connections = new CuttableConnections(settings.ConnectionCount);
        _faults = new SoakFaults(settings, _connections, _counts);
        _channels = [.. Enumerable.Range(0, settings.ConnectionCount).Select(_ => LoadChannels.Open(server.Address, _connections))];
        _clients = new SoakClients(_channels[0].CreateCallInvoker(), new RetryingCalls(settings.RetryTime, _counts.CountRetried, cancellationToken));
        _callers = [.. Enumerable.Range(0, settings.CallerCount).Select(number => new SoakCaller(number, ClientsOf(number), _fleet, settings, _counts))];
        _checks = new SoakChecks(_clients, _fleet, _callers, new RandomSequence(_random.Next()));
    }

    public TimeSpan Elapsed => _soaking.Elapsed;

    public async Task<SoakReport> RunAsync()
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _settings.CallerCount, CancellationToken = _cancellationToken };
        await Parallel.ForEachAsync(
            _fleet.Registrations(), parallel, async (node, _) => await _clients.CallAsync(options => _clients.Nodes.RegisterNodeAsync(node, options)));
        await DriveAsync(rate: null, FillAsync);
        var maximalRate = await MeasureAsync();
        await CheckAsync("before the soak");

        var databaseMibBefore = DatabaseMib();
        var answeredBefore = _counts.AnsweredCount;
        var memory = new SoakMemory(_server);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_cancellationToken);
        var sampling = memory.SampleAsync(ending.Token);
        var cutting = _faults.CutAsync(new RandomSequence(_random.Next()), ending.Token);
        var striking = _settings.DiskFaultEvery is { } every && _disk is not null
            ? _disk.StrikeAsync(every, new RandomSequence(_random.Next()), ending.Token)
            : Task.CompletedTask;
        _faults.Begin();
        await SoakAsync(maximalRate * _settings.RateShare);
        await ending.CancelAsync();
        await Task.WhenAll(sampling, cutting, striking);

        var memoryReport = SoakMemoryReport.Create(memory.Samples, _settings);
        Violated(memoryReport.Violations(_settings));
        await StopAsync();
        return new SoakReport
        {
            Seed = _settings.Seed,
            Minutes = _soaking.Elapsed.TotalMinutes,
            Nodes = _settings.NodeCount,
            MaximalRate = maximalRate,
            RateAsked = maximalRate * _settings.RateShare,
            Rate = (_counts.AnsweredCount - answeredBefore) / _soaking.Elapsed.TotalSeconds,
            Answered = _counts.Answered,
            Refused = _counts.RefusedCount,
            Retried = _counts.Retried,
            Cuts = _counts.CutCount,
            DiskFaults = _disk?.Struck ?? new Dictionary<string, long>(),
            Kills = _restartMs.Count,
            RestartMs = _restartMs,
            ChecksPassed = _checks.PassedCount,
            LiveInstances = _callers.Sum(caller => caller.Record.Live.Count),
            VerifyLedger = _checks.LastVerification,
            DatabaseMibBefore = databaseMibBefore,
            DatabaseMib = DatabaseMib(),
            Memory = memoryReport,
            LastLifeGrowthPercentMax = _settings.LastLifeGrowthPercentMax,
            LivesGrowthPercentMax = _settings.LivesGrowthPercentMax,
            Violations = _violations,
            ServerOutput = _violations.Count == 0 ? null : _server.LastOutput,
        };
    }

    public void Dispose()
    {
        foreach (var channel in _channels)
        {
            channel.Dispose();
        }
    }

    private SoakClients ClientsOf(int number)
    {
        // Whether a caller is impatient has a sequence of its own: which steps it takes does not depend on it.
        var random = new RandomSequence(RandomSequence.Mix(((ulong)_settings.Seed << 32) + (ulong)number) + 1);
        var calls = new RetryingCalls(_settings.RetryTime, _counts.CountRetried, _cancellationToken) { Patience = _faults.PatienceOf(random) };
        return new SoakClients(_channels[number % _channels.Length].CreateCallInvoker(), calls);
    }

    private async Task FillAsync(CancellationToken stop)
    {
        var since = Stopwatch.GetTimestamp();
        while (_callers.Sum(caller => caller.Record.Live.Count) < _settings.InstanceCount * 0.95 && !stop.IsCancellationRequested)
        {
            if (Stopwatch.GetElapsedTime(since) > _fillTimeout)
            {
                throw new TimeoutException($"The fleet was not full after {_fillTimeout.TotalMinutes:0} minutes.");
            }
            await Task.Delay(_fillPoll, _cancellationToken);
        }
    }

    private async Task<double> MeasureAsync()
    {
        double rate = 0;
        await DriveAsync(rate: null, async stop =>
        {
            var (before, since) = (_counts.AnsweredCount, Stopwatch.GetTimestamp());
            await WaitAsync(_settings.Measuring, stop);
            rate = (_counts.AnsweredCount - before) / Stopwatch.GetElapsedTime(since).TotalSeconds;
        });
        return rate;
    }

    private async Task SoakAsync(double rate)
    {
        _soaking.Start();
        while (_violations.Count == 0 && _settings.Duration - _settings.LastLife - Elapsed is var left && left > TimeSpan.Zero)
        {
            var life = SoakJitter.Around(_settings.KillEvery, _random);
            await DriveAsync(rate, async stop =>
            {
                await WaitAsync(life < left ? life : left, stop);
                if (!stop.IsCancellationRequested)
                {
                    await _server.KillAsync();
                    _restartMs.Add((await _server.StartAsync(_cancellationToken)).TotalMilliseconds);
                }
            });
            await CheckAsync($"after kill {_restartMs.Count}");
        }
        if (_violations.Count == 0)
        {
            await DriveAsync(rate, stop => WaitAsync(_settings.Duration - Elapsed, stop));
            await CheckAsync("at the end");
        }
        _soaking.Stop();
    }

    /// <summary>Lets the callers work while something else happens, then lets them finish what they have begun.</summary>
    private async Task DriveAsync(double? rate, Func<CancellationToken, Task> meanwhile)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(_cancellationToken);
        var pacer = new Pacer(rate);
        var working = _callers.Select(caller => Task.Run(() => WorkAsync(caller), _cancellationToken)).ToArray();
        try
        {
            await meanwhile(stopping.Token);
        }
        finally
        {
            await stopping.CancelAsync();
            await Task.WhenAll(working);
        }
        _cancellationToken.ThrowIfCancellationRequested();

        async Task WorkAsync(SoakCaller caller)
        {
            if (await caller.RunAsync(pacer, stopping.Token) is { } violation)
            {
                Violated([violation]);
                await stopping.CancelAsync();
            }
        }
    }

    private async Task CheckAsync(string when)
    {
        if (_violations.Count == 0)
        {
            Violated(await _checks.RunAsync(when));
        }
    }

    private async Task StopAsync()
    {
        if (await _server.StopAsync() is var code and not 0)
        {
            Violated([$"The server stopped with exit code {code}."]);
        }
    }

    private void Violated(IEnumerable<string> violations)
    {
        lock (_violations)
        {
            _violations.AddRange(violations.Take(ViolationsMax - _violations.Count));
        }
    }

    private double DatabaseMib() =>
        _server.DataDirectory is { } directory ? new DirectoryInfo(directory).EnumerateFiles().Sum(file => file.Length) / (1024.0 * 1024) : 0;

    private static async Task WaitAsync(TimeSpan time, CancellationToken stop)
    {
        if (time > TimeSpan.Zero)
        {
            await Task.Delay(time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
