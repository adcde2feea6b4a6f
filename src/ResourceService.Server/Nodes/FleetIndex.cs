using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Nodes;

/// <summary>
/// The candidate index of the durable pictures, and in which order they changed. A worker puts its picture here before anyone is told of the
/// change, so a search shows what has been told.
/// </summary>
internal sealed class FleetIndex
{
    // Who falls further behind than this searches anew, which is not much dearer than to look at so many nodes.
    private const int ChangesKept = 4096;

    // Searches that find nodes being arranged anew are made again so often before they keep the writers away.
    private const int FreeAttempts = 3;

    private readonly CandidateIndex _index = new();
    private readonly Lock _gate = new();

    // Node numbers in the order of their changes, round and round. Written under _gate.
    private readonly int[] _changed = new int[ChangesKept];
    private long _changeCount;

    /// <summary>How many changes there were.</summary>
    public long ChangeCount => Volatile.Read(ref _changeCount);

    /// <summary>Takes over a node as it is now.</summary>
    public void Put(NodeView node)
    {
        lock (_gate)
        {
            _index.Put(node);
            _changed[_changeCount % ChangesKept] = node.NodeKey;
            Volatile.Write(ref _changeCount, _changeCount + 1);
        }
    }

    /// <summary>The best nodes of the moment, and why the others refuse.</summary>
    /// <param name="query">What must fit, and where.</param>
    /// <param name="limit">How many nodes to find.</param>
    /// <param name="excluded">The numbers of nodes that are left out.</param>
    /// <param name="only">The numbers of the only nodes that are looked at; null for all.</param>
    public CandidateList Search(CandidateQuery query, int limit, IReadOnlyCollection<int> excluded, IReadOnlyCollection<int>? only)
    {
        for (var attempt = 0; attempt < FreeAttempts; attempt++)
        {
            if (_index.TrySearch(query, limit, excluded, only) is { } found)
                return found;
        }

        lock (_gate)
            return _index.TrySearch(query, limit, excluded, only)!;
    }

    /// <summary>Gives the numbers of the nodes that changed after a count of changes; false when they are not kept any more.</summary>
    public bool TryReadChanges(ref long position, List<int> changed)
    {
        var count = ChangeCount;
        if (count - position > ChangesKept)
            return false;
        for (var i = position; i < count; i++)
            changed.Add(_changed[i % ChangesKept]);
        // Whoever wrote meanwhile may have written over what was read.
        Volatile.ReadBarrier();
        if (ChangeCount - position > ChangesKept)
            return false;
        position = count;
        return true;
    }
}
