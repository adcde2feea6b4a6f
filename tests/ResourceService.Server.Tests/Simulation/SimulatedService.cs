using ResourceService.FaultyDisk;

namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// The real service as a caller has it who never gives up: killed and started again in the middle of things, on a disk that fails when it is told to.
/// A call without an answer is sent again, unchanged, until there is one.
/// </summary>
internal sealed class SimulatedService : IAsyncDisposable
{
    private const int AttemptsMax = 20;
    private const int CallsPerFault = 60;

    // What a commit of one claim writes, and a little of what comes behind it; it is flushed once.
    private const int WritesBeforeFault = 40;
    private const int FlushesBeforeFault = 4;

    // Each in turn. Those that the service survives come twice: starting again takes most of the time.
    private static readonly DiskFault[] _faultKinds = [.. Survived(), .. Enum.GetValues<DiskFault>().Where(fault => fault.Kills()), .. Survived()];

    // Less than a stalled disk needs, and enough for most calls.
    private static readonly TimeSpan _impatience = TimeSpan.FromMilliseconds(25);

    // The first is small, so that logs are copied into databases all the time; the second asks a lost store again at once.
    private static readonly string[] _settings = ["--Storage:CheckpointPages=100", "--Commit:RetryDelayMs=1"];

    private readonly TemporaryDirectory _directory = new();
    private readonly Random _random;
    private readonly DiskFaults? _disk;
    private ServiceProcess _process = null!;
    private ServiceClients _impatient = null!;
    private int _armedCount;
    private bool _isArmed;

    // Whether the last fault was one that the service does not survive; it may have struck after an answer.
    private bool _isEnding;

    private SimulatedService(Random random, bool diskFails)
    {
        _random = random;
        if (diskFails)
            _disk = new DiskFaults(_directory.Below("faults"));
    }

    /// <summary>How often each fault struck.</summary>
    public SortedDictionary<DiskFault, int> Faults { get; } = [];

    /// <summary>How many calls were sent again.</summary>
    public int Resent { get; private set; }

    /// <summary>The newest of what the service wrote, for people.</summary>
    public string LogTail => string.Join('\n', _process.Log.All.TakeLast(40));

    public static async Task<SimulatedService> StartAsync(Random random, bool diskFails)
    {
        var service = new SimulatedService(random, diskFails);
        await service.StartAsync();
        return service;
    }

    /// <summary>Makes a call until it has an answer: a reply, or a refusal that says why.</summary>
    public async Task<T> AnswerAsync<T>(Func<ServiceClients, Task<T>> call)
    {
        var clients = _disk is not null && _random.Next(CallsPerFault) == 0 && Arm() == DiskFault.Stall ? _impatient : _process.Clients;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var answer = await call(clients);
                NoteFault();
                return answer;
            }
            catch (RpcException cause) when (attempt < AttemptsMax && IsNoAnswer(RpcFailure.Of(cause)))
            {
                Resent++;
                await RecoverAsync();
                clients = _process.Clients;
            }
        }
    }

    /// <summary>Kills the service in the middle of whatever it does, and starts it again, on a disk that may fail while it starts.</summary>
    public async Task KillAsync()
    {
        await _process.KillHardAsync();
        if (_disk is not null)
            Arm();
        await RestartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _impatient.Dispose();
        await _process.DisposeAsync();
        _disk?.Dispose();
        _directory.Dispose();
    }

    // A deadline, a broken connection, or a service that says that it does not know.
    private static bool IsNoAnswer(RpcFailure failure)
    {
        if (failure.Code == StatusCode.Unavailable && failure.Reason.Length > 0)
            Assert.Contains(failure.Reason, (IEnumerable<string>)["STORE_UNAVAILABLE", "COMMIT_IN_DOUBT"]);
        return failure.Reason.Length == 0 || failure.Code == StatusCode.Unavailable;
    }

    private static IEnumerable<DiskFault> Survived() => Enum.GetValues<DiskFault>().Where(fault => fault != DiskFault.None && !fault.Kills());

    // Puts the next fault in store, unless one is.
    private DiskFault Arm()
    {
        NoteFault();
        if (_isArmed)
            return DiskFault.None;
        var fault = _faultKinds[_armedCount++ % _faultKinds.Length];
        var ofFlushes = fault is DiskFault.FlushFails or DiskFault.KillAfterFlush or DiskFault.PowerLossAfterFlush;
        _disk!.Arm(fault, after: _random.Next(ofFlushes ? FlushesBeforeFault : WritesBeforeFault), repeats: _random.Next(1, 4));
        _isArmed = true;
        return fault;
    }

    // Counts the fault that struck since the last one was armed, once.
    private void NoteFault()
    {
        if (!_isArmed || _disk!.Struck is not (not DiskFault.None and var struck))
            return;
        _isArmed = false;
        _isEnding |= struck.Kills();
        Faults[struck] = Faults.GetValueOrDefault(struck) + 1;
    }

    private async Task RecoverAsync()
    {
        NoteFault();
        if (_isEnding)
        {
            await _process.StoppedAsync();
            await RestartAsync();
        }
        else
        {
            await _process.ServesAsync();
        }
    }

    private async Task RestartAsync()
    {
        _impatient.Dispose();
        await _process.DisposeAsync();
        _isEnding = false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await StartAsync();
                return;
            }
            catch (InvalidOperationException) when (attempt < AttemptsMax && _isArmed)
            {
                // It ended while it started: whoever runs it starts it again. Nothing but a fault is a reason to end.
                NoteFault();
                Assert.False(_isArmed);
            }
        }
    }

    private async Task StartAsync()
    {
        var environment = _disk?.Environment ?? new Dictionary<string, string>();
        _process = await ServiceProcess.StartAsync(_directory.Below("data"), environment, _settings);
        _impatient = new ServiceClients(_process.Clients.Address, deadline: _impatience);
    }
}
