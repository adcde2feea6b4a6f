using ResourceService.Ledger;

namespace ResourceService.Server.Nodes;

/// <summary>
/// Wakes each node when its first lease ends. A heap with at most a few entries per node, not per claim: a woken node looks at its own claims
/// and says when to wake it next. A wake-up that turns out too early costs one look.
/// </summary>
internal sealed class LeaseClock : IDisposable
{
    /// <summary>
    /// The longest it sleeps. Timers take no more than 49 days, and count by the machine's clock, from which the ledger's may differ by a two-thousandth:
    /// after ten minutes that is 0.3 s.
    /// </summary>
    public static readonly TimeSpan SleepMax = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan _never = Timeout.InfiniteTimeSpan;
    private static readonly TimeSpan _again = TimeSpan.FromSeconds(1);

    private readonly LedgerClock _clock;
    private readonly Func<BackgroundTask, Action, bool> _run;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly PriorityQueue<ILeaseHolder, Instant> _wakes = new();
    private Instant? _armedFor;

    /// <summary>Sleeps until it is asked.</summary>
    /// <param name="clock">The ledger's clock.</param>
    /// <param name="run">Does work that nobody waits for and keeps its errors from the timer; false after one.</param>
    public LeaseClock(LedgerClock clock, Func<BackgroundTask, Action, bool> run)
    {
        _clock = clock;
        _run = run;
        _timer = clock.CreateTimer(_ => Tick(), null, _never, _never);
    }

    /// <summary>Makes sure the node is woken at the moment. The worker calls it only with a moment before the one it is waiting for.</summary>
    public void WakeAt(ILeaseHolder holder, Instant moment)
    {
        lock (_gate)
        {
            _wakes.Enqueue(holder, moment);
            Arm();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        if (!_run(BackgroundTask.Leases, Wake))
            _timer.Change(_again, _never);
    }

    private void Wake()
    {
        var now = _clock.Now;
        var due = new List<(ILeaseHolder Holder, Instant Moment)>();
        lock (_gate)
        {
            _armedFor = null;
            while (_wakes.TryPeek(out var holder, out var moment) && moment <= now)
            {
                _wakes.Dequeue();
                due.Add((holder, moment));
            }

            Arm();
        }

        // Each on its own: what is wrong with one node keeps no lease of another from ending.
        foreach (var (holder, moment) in due)
            _run(BackgroundTask.Leases, () => holder.ExpireLeases(moment));
    }

    private void Arm()
    {
        if (!_wakes.TryPeek(out _, out var next) || _armedFor <= next)
            return;
        _armedFor = next;
        _timer.Change(SleepUntil(next, _clock.Now), _never);
    }

    private static TimeSpan SleepUntil(Instant moment, Instant now) =>
        moment <= now ? TimeSpan.Zero : moment >= now.Add(SleepMax) ? SleepMax : TimeSpan.FromMilliseconds(moment.UnixMs - now.UnixMs);
}

/// <summary>Who holds leases that end.</summary>
internal interface ILeaseHolder
{
    /// <summary>Ends what is over, and asks to be woken for the next.</summary>
    /// <param name="moment">The wake-up that was asked for.</param>
    void ExpireLeases(Instant moment);
}
