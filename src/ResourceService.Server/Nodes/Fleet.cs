using System.Diagnostics;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.History;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>
/// The running ledger: reads the store at start, runs the committer, tells everyone of its commits, and stops in order. Owns the committer;
/// the store belongs to who opened it.
/// </summary>
internal sealed class Fleet : ICommitObserver, IDisposable
{
    private const int DifferencesToldMax = 20;
    private static readonly TimeSpan _eventsAheadMax = TimeSpan.FromHours(1);

    // How soon it is noticed that others filled the disk or made room; a look costs microseconds.
    private static readonly TimeSpan _betweenLooks = TimeSpan.FromMilliseconds(500);

    private readonly IClaimStore _store;
    private readonly FleetServices _services;
    private readonly NodeDirectory _nodes;
    private readonly NodeNames _names;
    private readonly LedgerHistory _history;
    private readonly UsageSampler _sampler;
    private readonly RefusalLog _refusals;
    private readonly StoreHealth _health;
    private readonly ServiceMetrics _metrics;
    private readonly CommitOptions _commitOptions;
    private readonly RequestOptions _requestOptions;
    private readonly FleetReadings _readings;
    private readonly RetentionSweeper _retention;
    private readonly TimeProvider _time;
    private readonly ILogger<Fleet> _logger;
    private GroupCommitter? _committer;
    private int _attempts;
    private ITimer? _looks;

    public Fleet(
        IClaimStore store, FleetServices services, NodeDirectory nodes, NodeNames names, LedgerHistory history, UsageSampler sampler, RefusalLog refusals, StoreHealth health,
        RetentionSweeper retention, ServiceMetrics metrics, FleetReadings readings, CommitOptions commitOptions, RequestOptions requestOptions,
        TimeProvider time, ILogger<Fleet> logger)
    {
        _store = store;
        _services = services;
        _nodes = nodes;
        _names = names;
        _history = history;
        _sampler = sampler;
        _refusals = refusals;
        _health = health;
        _retention = retention;
        _metrics = metrics;
        _readings = readings;
        _commitOptions = commitOptions;
        _requestOptions = requestOptions;
        _time = time;
        _logger = logger;
    }

    /// <summary>Reads the store and starts to commit. Called once, before the first call is served.</summary>
    public void Start()
    {
        var watch = Stopwatch.StartNew();
        var contents = _store.Load(_requestOptions.RememberedMax);
        _history.StartAfter(contents.LastRevision);
        foreach (var request in contents.Requests)
            _services.Requests.Recall(request);
        _committer = new GroupCommitter(_store, this, _commitOptions, contents.LastRevision, contents.LastUnchangedRequest, Believable(contents.LastEventTime), () => _services.Now);
        _services.Committer = _committer;
        _services.Nodes = _nodes;
        _nodes.Load(contents);
        _names.Load();
        _metrics.Observe(_readings);
        _retention.Start();
        _refusals.Start(contents.LastRefusalSequence);
        foreach (var worker in _nodes.All)
            worker.BoundLeases();

        _logger.Recovered(
            watch.ElapsedMilliseconds,
            contents.Nodes.Count(node => node.Exists),
            contents.Nodes.Sum(node => node.Claims.Count),
            contents.Nodes.Sum(node => node.Claims.Values.Count(claim => claim.State == ClaimState.Held)),
            contents.Requests.Count,
            contents.LastRevision);
        Tell(contents.UsageDifferences);
        _looks = _time.CreateTimer(_ => LookAtRoom(), null, TimeSpan.Zero, _betweenLooks);
    }

    /// <summary>Makes durable what was accepted, then ends the committer.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _committer, null) is not { } committer)
            return;
        _looks?.Dispose();
        _sampler.Dispose();
        _refusals.Dispose();
        _retention.Dispose();
        _services.Leases.Dispose();
        committer.Dispose();
        _logger.Stopped(committer.LastRevision);
    }

    /// <inheritdoc/>
    public void OnDurable(CommitBatch batch)
    {
        foreach (var renamed in batch.Renames)
            _names.Add(renamed);
    }

    /// <inheritdoc/>
    public void OnCommitted(CommitBatch batch, int entries)
    {
        foreach (var (origin, answer) in batch.InnerRequests)
            _services.Requests.Remember(origin, answer);
        _history.Append(batch.Events);
        _sampler.Note(batch);
        _metrics.Committed(batch, entries);
    }

    /// <inheritdoc/>
    public void OnStoreLost(Exception cause)
    {
        // Before anything is logged, which takes its time: whoever was just refused may ask at once whether to wait.
        var isNews = _health.LostBecause is null;
        _health.LostBecause = cause.Message;
        _metrics.StoreFailed(cause);
        _attempts++;
        if (isNews)
            _logger.StoreLost(cause.Message, cause);
        else if (int.IsPow2(_attempts))
            _logger.StoreStillLost(cause.Message);
    }

    /// <inheritdoc/>
    public void OnStoreRecovered(IReadOnlyList<NodeView> nodes, IReadOnlyCollection<int> unknown, IReadOnlyList<RememberedRequest> requests)
    {
        foreach (var request in requests)
            _services.Requests.RememberFound(request);
        _names.Load();
        Restore(nodes, unknown);
        // Events that turned out durable were never appended: followers read them from the store.
        _history.StartAfter(_services.Committer.LastRevision);
        _logger.StoreRecovered(_attempts, nodes.Count + unknown.Count, requests.Count);
        _attempts = 0;
        _health.LostBecause = null;
    }

    /// <inheritdoc/>
    public void OnLedgerBroken(Exception fault, IReadOnlyList<NodeView> nodes, IReadOnlyCollection<int> unknown)
    {
        _logger.LedgerBroken(nodes.Count + unknown.Count, fault);
        Restore(nodes, unknown);
    }

    // Times of events never decrease. A clock that was set back a little is waited for; one that was far ahead must not stop the time for ever.
    private Instant Believable(Instant lastEvent)
    {
        var now = _services.Now;
        if (lastEvent <= now.Add(_eventsAheadMax))
            return lastEvent;
        _logger.EventsFromTheFuture(lastEvent.UnixMs - now.UnixMs);
        return now;
    }

    private void LookAtRoom()
    {
        try
        {
            _store.Tend();
        }
        catch (Exception)
        {
            // Whatever it is, the next commit meets it as well, and says so; a timer has nobody to tell.
            return;
        }

        var reason = _store.NearlyFullBecause;
        var wasNearlyFull = _health.NearlyFullBecause is not null;
        _health.NearlyFullBecause = reason;
        if (reason is not null && !wasNearlyFull)
            _logger.StoreNearlyFull(reason);
        else if (reason is null && wasNearlyFull)
            _logger.StoreHasRoom();
    }

    // The next claim on such a node writes its sum anew: what it was is seen here, or never again.
    private void Tell(IReadOnlyList<UsageDifference> differences)
    {
        _metrics.DiffersAtStart = differences.Count;
        foreach (var (node, recorded, summed) in differences.Take(DifferencesToldMax))
            _logger.UsageDiffered(node, recorded.ToString(), summed.ToString());
        if (differences.Count > DifferencesToldMax)
            _logger.MoreUsageDiffered(differences.Count - DifferencesToldMax);
    }

    private void Restore(IReadOnlyList<NodeView> nodes, IReadOnlyCollection<int> unknown)
    {
        foreach (var node in nodes)
            _nodes.Find(node.NodeKey)!.Restore(node);
        foreach (var key in unknown)
        {
            var worker = _nodes.Find(key)!;
            worker.Restore(_nodes.Unregistered(key, worker.View.Id));
        }
    }
}
