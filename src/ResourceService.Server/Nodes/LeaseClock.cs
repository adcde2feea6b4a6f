using ResourceService.Ledger;

namespace ResourceService.Server.Nodes;

/// <summary>
/// Wakes each node when its first lease ends. A heap with at most a few entries per node, not per claim: a woken node looks at its own claims
/// and says when to wake it next. A wake-up that turns out too early costs one look.
/// </summary>
internal sealed class LeaseClock : IDisposable
{
    private static readonly TimeSpan _never = Timeout.InfiniteTimeSpan;

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly PriorityQueue<NodeWorker, Instant> _wakes = new();
    private Instant? _armedFor;

    public LeaseClock(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(_ => Wake(), null, _never, _never);
    }

    /// <summary>Makes sure the node is woken at the moment. The worker calls it only with a moment before the one it is waiting for.</summary>
    public void WakeAt(NodeWorker worker, Instant moment)
    {
        lock (_gate)
        {
            _wakes.Enqueue(worker, moment);
            Arm();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Wake()
    {
        var now = new Instant(_time.GetUtcNow().ToUnixTimeMilliseconds());
        var due = new List<(NodeWorker Worker, Instant Moment)>();
        lock (_gate)
        {
            _armedFor = null;
            while (_wakes.TryPeek(out var worker, out var moment) && moment <= now)
            {
                _wakes.Dequeue();
                due.Add((worker, moment));
            }

            Arm();
        }

        foreach (var (worker, moment) in due)
            worker.ExpireLeases(moment);
    }

    private void Arm()
    {
        if (!_wakes.TryPeek(out _, out var next) || _armedFor <= next)
            return;
        _armedFor = next;
        var delay = TimeSpan.FromMilliseconds(next.UnixMs - _time.GetUtcNow().ToUnixTimeMilliseconds());
        _timer.Change(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, _never);
    }
}
