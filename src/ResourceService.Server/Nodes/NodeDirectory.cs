using System.Collections.Concurrent;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>
/// Every node that was ever registered, with its worker. Deleted nodes stay, without claims, so that a node that comes back keeps its number
/// and its generation goes on.
/// </summary>
internal sealed class NodeDirectory(FleetServices fleet)
{
    private readonly ConcurrentDictionary<NodeId, NodeWorker> _byId = new();
    private readonly Lock _gate = new();

    // By node number minus one; copied when it grows, so readers need no lock. Written under _gate.
    private volatile NodeWorker[] _byKey = [];
    private int _count;
    private volatile NodeWorker[]? _ordered;
    private long _lastClaimSequence;
    private long _lastAuditSequence;
    private long _generationFloor;

    /// <summary>How many nodes are known, deleted ones included.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>All workers, by ascending node number.</summary>
    public ReadOnlySpan<NodeWorker> All => _byKey.AsSpan(0, Count);

    /// <summary>All workers, by ascending node id.</summary>
    public IReadOnlyList<NodeWorker> ById
    {
        get
        {
            if (_ordered is { } known)
                return known;
            lock (_gate)
            {
                // Nobody is renamed meanwhile.
                NodeWorker[] ordered = [.. All];
                Array.Sort(ordered, static (left, right) => left.View.Id.CompareTo(right.View.Id));
                return _ordered = ordered;
            }
        }
    }

    /// <summary>The workers of some nodes, by ascending node id, those of nodes that are not registered left out; of all nodes when none is named.</summary>
    public IEnumerable<NodeWorker> Among(IReadOnlySet<NodeId> ids) => ids.Count == 0 ? ById : ids.Order().Select(Find).OfType<NodeWorker>();

    /// <summary>The worker of a registered node.</summary>
    public NodeWorker? Find(NodeId id) => FindEverRegistered(id) is { View.Exists: true } worker ? worker : null;

    /// <summary>The worker of a node that is or was registered: its history outlives it.</summary>
    public NodeWorker? FindEverRegistered(NodeId id)
    {
        if (!_byId.TryGetValue(id, out var worker))
            return null;
        // The name and the node tell the same, but for the moment in which two nodes exchange their names: that is waited for.
        if (worker.View.Id != id)
        {
            lock (_gate)
                worker = _byId[id];
        }

        return worker.View.Generation > 0 ? worker : null;
    }

    /// <summary>The worker of a node by its number, registered or not.</summary>
    public NodeWorker? Find(int nodeKey) => nodeKey > 0 && nodeKey <= Count ? _byKey[nodeKey - 1] : null;

    /// <summary>The worker of a node that may not be registered yet; null when there are too many nodes.</summary>
    public NodeWorker? FindOrAdd(NodeId id)
    {
        if (_byId.TryGetValue(id, out var known))
            return known;
        lock (_gate)
        {
            if (_byId.TryGetValue(id, out known))
                return known;
            return _count >= fleet.Options.NodesMax ? null : Add(Unregistered(_count + 1, id));
        }
    }

    /// <summary>Takes over what the store holds, before the first command.</summary>
    public void Load(StoreContents contents)
    {
        _generationFloor = contents.GenerationFloor;
        lock (_gate)
        {
            foreach (var node in contents.Nodes.OrderBy(node => node.NodeKey))
            {
                // A registration that failed may have left a number unused: a nameless place keeps the array dense.
                while (_count + 1 < node.NodeKey)
                    Add(Unregistered(_count + 1, new NodeId("")));
                var worker = Add(node);
                fleet.Candidates.Put(node);
                foreach (var claim in node.Claims.Values)
                    Invariant.Require(fleet.Instances.Put(claim.Instance.Id, claim.Id, claim.Role), "an instance holds one claim of each part");
                worker.WakeForNextLease();
            }
        }

        _lastClaimSequence = contents.LastClaimSequence;
        _lastAuditSequence = contents.LastAuditSequence;
    }

    /// <summary>Publishes nodes that exchange their names: who looks for one of them by name finds both as before or both as after.</summary>
    public void Exchange(Action publish)
    {
        lock (_gate)
            publish();
    }

    /// <summary>Publishes a node under another name than before.</summary>
    public void Rename(NodeWorker worker, NodeId id, Action publish)
    {
        lock (_gate)
        {
            publish();
            _byId[id] = worker;
            _ordered = null;
        }
    }

    /// <summary>A node that the store does not know.</summary>
    public NodeView Unregistered(int nodeKey, NodeId id) => NodeView.Unregistered(nodeKey, id, _generationFloor);

    /// <summary>An id for a claim that may be admitted. An id whose claim was refused is never used.</summary>
    public ClaimId NextClaimId(int nodeKey) => new(nodeKey, Interlocked.Increment(ref _lastClaimSequence));

    /// <summary>An id for an audit.</summary>
    public AuditId NextAuditId(int nodeKey) => new(nodeKey, Interlocked.Increment(ref _lastAuditSequence));

    /// <summary>The move in flight that a live claim is part of, as source or as target; null when there is none.</summary>
    public MigrationId? MigrationOf(Claim claim)
    {
        if (claim.Role == ClaimRole.MoveTarget)
            return MigrationId.Of(claim.Id);
        // The registry knows of a move before it is durable, its target's picture after.
        return fleet.Instances.TryFind(claim.Instance.Id, out var held) && held.Primary == claim.Id && held.MoveTarget is { } target
            && Find(target.NodeKey)!.View.Migrations.ContainsKey(target.Sequence)
                ? MigrationId.Of(target)
                : null;
    }

    private NodeWorker Add(NodeView node)
    {
        var worker = new NodeWorker(fleet, node);
        if (_count == _byKey.Length)
        {
            var grown = new NodeWorker[Math.Max(64, _byKey.Length * 2)];
            _byKey.CopyTo(grown, 0);
            _byKey = grown;
        }

        _byKey[_count] = worker;
        Volatile.Write(ref _count, _count + 1);
        _byId[node.Id] = worker;
        _ordered = null;
        return worker;
    }
}
