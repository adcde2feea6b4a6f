using ResourceService.Server.Nodes;
using ResourceService.Server.Options;
using ResourceService.Storage;

namespace ResourceService.Server.History;

/// <summary>
/// Keeps the usage of nodes over time: at every interval one snapshot of each node that changed since the last. A claim's cost does not grow
/// by it, and a node in which nothing happens costs nothing.
/// </summary>
internal sealed class UsageSampler : IDisposable
{
    private readonly NodeDirectory _nodes;
    private readonly FleetServices _fleet;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private HashSet<int> _changed = [];

    public UsageSampler(NodeDirectory nodes, FleetServices fleet, NodeOptions options, LedgerClock clock, BackgroundWork work)
    {
        _nodes = nodes;
        _fleet = fleet;
        var interval = TimeSpan.FromSeconds(options.SnapshotIntervalSeconds);
        _timer = clock.CreateTimer(_ => work.Run(BackgroundTask.Snapshots, Sample), null, interval, interval);
    }

    /// <summary>Notes which nodes a commit changed.</summary>
    public void Note(CommitBatch batch)
    {
        lock (_gate)
        {
            foreach (var update in batch.Nodes)
                _changed.Add(update.After.NodeKey);
        }
    }

    /// <summary>Takes the snapshots now.</summary>
    public void Sample()
    {
        HashSet<int> changed;
        lock (_gate)
        {
            if (_changed.Count == 0)
                return;
            (changed, _changed) = (_changed, []);
        }

        var now = _fleet.Now;
        _fleet.Committer.Submit(new Samples([.. changed.Select(key => UsageSnapshot.Of(_nodes.Find(key)!.View, now))], changed, this));
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private sealed class Samples(IReadOnlyList<UsageSnapshot> snapshots, HashSet<int> nodeKeys, UsageSampler sampler) : CommitEntry
    {
        public override IReadOnlyList<UsageSnapshot> Snapshots => snapshots;

        public override void Committed(long answer)
        {
        }

        // The next interval tries again.
        public override void Failed()
        {
            lock (sampler._gate)
                sampler._changed.UnionWith(nodeKeys);
        }
    }
}
