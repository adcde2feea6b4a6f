using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Claims;

/// <summary>
/// The best nodes for one query, kept from one claim to the next: a search of the fleet serves hundreds of claims. Always true, as of the
/// changes read so far: each node that fits and is better than <see cref="_floor"/> is in the queue or in someone's hands. Nodes get better by
/// changes, and each changed node is looked at again; nodes get worse by changes and by claims that are not durable yet, so a node is ranked
/// anew, on its newest picture, when its turn comes.
///
/// A node that is taken is in nobody else's hands until it is given back: those who ask at the same moment get different nodes.
/// </summary>
internal sealed class ChoiceList(CandidateQuery query, CandidateFinder finder, NodeDirectory nodes, FleetIndex index)
{
    // How many nodes a search brings. Each decision inside a node costs more than the search itself.
    private const int NodesMax = 256;
    private const int NodesMaxInside = 16;

    // Ranks that were replaced by better ones stay in the queue until their turn. More than this, and a new search is cheaper.
    private const int QueueMax = 4 * NodesMax;

    private readonly Lock _gate = new();
    private readonly List<int> _changed = [];

    // Best first. Only the rank that _queued tells of a node counts.
    private readonly PriorityQueue<NodeWorker, CandidateRank> _queue = new(BestFirst);
    private readonly Dictionary<int, CandidateRank> _queued = [];

    // Nodes below may not all be known. At the start none is.
    private CandidateRank _floor = CandidateRank.Best;
    private long _position;

    private static Comparer<CandidateRank> BestFirst { get; } = Comparer<CandidateRank>.Create((left, right) => right.CompareTo(left));

    /// <summary>Takes the best node where the request fits now; null when there is none besides those in others' hands.</summary>
    public NodeWorker? Take()
    {
        lock (_gate)
        {
            var searched = !ReadChanges();
            if (searched)
                Search();
            while (true)
            {
                if (TakeKnown() is { } best)
                    return best;
                if (searched)
                    return null;
                searched = true;
                Search();
            }
        }
    }

    /// <summary>Gives a node back once the claim was decided.</summary>
    public void GiveBack(NodeWorker worker)
    {
        lock (_gate)
            Offer(worker, worker.Newest);
    }

    private NodeWorker? TakeKnown()
    {
        while (_queue.TryDequeue(out var worker, out var rank))
        {
            var node = worker.Newest;
            if (_queued.GetValueOrDefault(node.NodeKey) != rank)
                continue;
            _queued.Remove(node.NodeKey);
            // One that does not fit comes back with the change that makes room.
            if (query.Refuse(node) != Ledger.Claims.RefusalReason.None || Rank(node) is not { } now)
                continue;
            if (now >= rank || (now >= _floor && (!_queue.TryPeek(out _, out var next) || now >= next)))
                return worker;
            Offer(worker, node);
        }

        return null;
    }

    private bool ReadChanges()
    {
        _changed.Clear();
        if (_floor == CandidateRank.Best || _queue.Count > QueueMax || !index.TryReadChanges(ref _position, _changed))
            return false;
        foreach (var key in _changed)
        {
            var worker = nodes.Find(key)!;
            Offer(worker, worker.View);
        }

        return true;
    }

    private void Offer(NodeWorker worker, NodeView node)
    {
        if (Rank(node) is not { } rank || rank < _floor)
            return;
        if (_queued.TryGetValue(node.NodeKey, out var known) && known >= rank)
            return;
        _queued[node.NodeKey] = rank;
        _queue.Enqueue(worker, rank);
    }

    private void Search()
    {
        _queue.Clear();
        _queued.Clear();
        _floor = CandidateRank.Worst;
        _position = index.ChangeCount;
        var limit = query.LooksInside ? NodesMaxInside : NodesMax;
        var found = finder.Find(query, limit).Nodes;
        foreach (var node in found)
            Offer(nodes.Find(node.NodeKey)!, node);
        if (found.Count == limit)
            _floor = Rank(found[^1])!.Value;
    }

    private CandidateRank? Rank(NodeView node) => CandidateRank.Of(node, query.Request.Amounts, query.Strategy);
}
