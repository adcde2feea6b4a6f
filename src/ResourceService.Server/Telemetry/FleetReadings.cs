using ResourceService.Server.History;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Telemetry;

/// <summary>
/// What the gauges show. The nodes are walked when somebody asks, on the asker's thread and on the published pictures, so that no claim pays
/// for it or waits; a claim's state is looked at only on nodes that changed since the last walk.
/// </summary>
internal sealed class FleetReadings(
    NodeDirectory nodes, FleetServices services, IdempotentCalls calls, HistoryWatch watch, StoreHealth health, IClaimStore store, ClaimCensus census,
    TimeProvider time)
{
    // All gauges of one scrape share a walk.
    private static readonly TimeSpan _fresh = TimeSpan.FromMilliseconds(500);

    private readonly ClassLabels _classes = new();
    private readonly Lock _gate = new();

    private FleetTotals? _last;
    private long _lastTaken;

    /// <summary>Decided changes that wait for the writer.</summary>
    public long WaitingForCommit => services.Committer.WaitingCount;

    /// <summary>Calls under way that may change something.</summary>
    public long CallsInFlight => calls.InFlight;

    /// <summary>Requests whose ids are remembered.</summary>
    public long RememberedRequests => services.Requests.Count;

    /// <summary>Streams that follow the history.</summary>
    public long Watchers => watch.Count;

    /// <summary>Whether changes are taken.</summary>
    public bool StoreIsAvailable => health is { LostBecause: null, NearlyFullBecause: null };

    /// <summary>What the store takes on its volume; null while nobody says.</summary>
    public StoreSizes? Sizes => store.Sizes;

    /// <summary>For how long the claim has been held that is held for longest, in seconds; 0 while none is.</summary>
    public double OldestHeldSeconds => Totals().OldestHeld is { } made ? Math.Max(0, (services.Now.UnixMs - made.UnixMs) / 1000.0) : 0;

    /// <summary>The sums over all nodes, a moment old at most.</summary>
    public FleetTotals Totals()
    {
        lock (_gate)
        {
            if (_last is null || time.GetElapsedTime(_lastTaken) > _fresh)
            {
                _last = Walk();
                _lastTaken = time.GetTimestamp();
            }

            return _last;
        }
    }

    private FleetTotals Walk()
    {
        var totals = new FleetTotals(_classes);
        foreach (var worker in nodes.All)
        {
            totals.AddQueue(worker.QueueDepth);
            var node = worker.View;
            if (!node.Exists)
                continue;
            totals.Add(node, census.Of(node));
        }

        return totals;
    }
}
