using ResourceService.Load.Servers;

namespace ResourceService.Load.Replay;

/// <summary>
/// Kills the server after given numbers of answered steps, at the first claim that is acknowledged from then on, and starts it again.
/// The confirmation of that claim, and whatever else is in flight, runs into the dying server.
/// </summary>
internal sealed class ServerCrasher(ServerUnderTest server, IEnumerable<int> killAfter)
{
    private readonly Queue<int> _killAfter = new(killAfter.Order());
    private readonly Lock _lock = new();
    private Task<TimeSpan>? _restart;

    public int KillCount { get; private set; }

    /// <summary>Kills that have not come yet.</summary>
    public int PendingCount => _killAfter.Count;

    /// <summary>Told of every acknowledged claim. The caller goes on at once.</summary>
    public void ClaimAcknowledged(long stepCount, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_restart is null && _killAfter.TryPeek(out var next) && stepCount >= next)
            {
                _killAfter.Dequeue();
                KillCount++;
                _restart = Task.Run(() => CrashAsync(cancellationToken), cancellationToken);
            }
        }
    }

    /// <summary>Waits until a killed server serves again and returns the time that its start took; null when it was not killed.</summary>
    public async Task<TimeSpan?> WaitForRestartAsync()
    {
        Task<TimeSpan>? restart;
        lock (_lock)
        {
            restart = _restart;
        }
        if (restart is null)
        {
            return null;
        }
        var startTime = await restart;
        lock (_lock)
        {
            _restart = null;
        }
        return startTime;
    }

    private async Task<TimeSpan> CrashAsync(CancellationToken cancellationToken)
    {
        await server.KillAsync();
        return await server.StartAsync(cancellationToken);
    }
}
