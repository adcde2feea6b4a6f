using ResourceService.Server.Nodes;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

namespace ResourceService.Server.History;

/// <summary>
/// Deletes history that is no longer kept: at every interval it goes through the tables in small steps. Each step is an entry among the others
/// of the committer, and the next is given only when it is durable and a pause is over, so claims are never behind more than one.
/// </summary>
internal sealed class RetentionSweeper : IDisposable
{
    // Long enough for a few transactions of others between two steps, short enough to delete faster than claims can come.
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(10);

    private readonly FleetServices _fleet;
    private readonly RetentionOptions _options;
    private readonly RequestOptions _requests;
    private readonly ServiceMetrics _metrics;
    private readonly BackgroundWork _work;
    private readonly TimeSpan _interval;
    private readonly ITimer _timer;

    // Between two ticks of the timer one thread at a time is here: a step's end sets the timer, and the timer gives the next step.
    private int _table;
    private long _afterKey;

    public RetentionSweeper(FleetServices fleet, RetentionOptions options, RequestOptions requests, ServiceMetrics metrics, LedgerClock clock, BackgroundWork work)
    {
        _fleet = fleet;
        _options = options;
        _requests = requests;
        _metrics = metrics;
        _work = work;
        _interval = TimeSpan.FromSeconds(options.IntervalSeconds);
        _timer = clock.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Begins; the fleet must be loaded.</summary>
    public void Start() => Wake(_pause);

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Wake(TimeSpan after) => _timer.Change(after, Timeout.InfiniteTimeSpan);

    private void Tick()
    {
        if (!_work.Run(BackgroundTask.Retention, Step))
            Wake(_interval);
    }

    private void Step()
    {
        while (_table < Enum.GetValues<RetainedTable>().Length)
        {
            if (NextStep((RetainedTable)_table) is { } step)
            {
                _fleet.Committer.Submit(new Entry(step, this));
                return;
            }

            _table++;
        }

        (_table, _afterKey) = (0, 0);
        Wake(_interval);
    }

    // Null when the table is kept for ever.
    private RetentionStep? NextStep(RetainedTable table)
    {
        var now = _fleet.Now.UnixMs;
        var remembered = TimeSpan.FromMinutes(_requests.RememberedMinutes);
        return table switch
        {
            RetainedTable.Events => Keep(_options.EventHours, atLeast: remembered),
            RetainedTable.Audits => Keep(_options.EventHours, TimeSpan.Zero),
            RetainedTable.EndedClaims or RetainedTable.EndedMigrations => Keep(_options.EndedClaimHours, TimeSpan.Zero),
            RetainedTable.Refusals => Keep(_options.RefusalHours, TimeSpan.Zero),
            RetainedTable.UnchangedRequests => StepFrom(now - (long)remembered.TotalMilliseconds),
            _ => StepFrom(_options.SnapshotHourHours == 0 ? 0 : Before(_options.SnapshotHourHours)) with
            {
                Thinning = (Before(_options.SnapshotMinuteHours), Before(_options.SnapshotHours)),
            },
        };

        RetentionStep? Keep(int hours, TimeSpan atLeast) => hours == 0
            ? null
            : StepFrom(Math.Min(Before(hours), now - (long)atLeast.TotalMilliseconds));

        RetentionStep StepFrom(long keepFrom) => new(table, _afterKey, keepFrom, _options.StepRows) { NowMs = now };

        long Before(int hours) => now - (long)TimeSpan.FromHours(hours).TotalMilliseconds;
    }

    private void Done(RetentionStep step)
    {
        if (step.DeletedCount > 0)
            _metrics.RowsRetired(step.Table, step.DeletedCount);
        if (step.NextKey is { } next)
            _afterKey = next;
        else
            (_table, _afterKey) = (_table + 1, 0);
        Wake(_pause);
    }

    private sealed class Entry(RetentionStep step, RetentionSweeper sweeper) : CommitEntry
    {
        public override RetentionStep? Retention => step;

        public override void Committed(long answer)
        {
        }

        public override void Acknowledge() => sweeper.Done(step);

        // The next interval tries again.
        public override void Failed() => sweeper.Wake(sweeper._interval);
    }
}
