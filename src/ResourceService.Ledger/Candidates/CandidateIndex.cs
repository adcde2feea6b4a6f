using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

/// <summary>
/// All registered nodes, arranged for the question where a request fits: what is free lies in columns, nodes of one kind together. A search
/// walks all of them, many at a time; the amounts of 100,000 nodes are compared in well under a millisecond, so nothing cleverer is needed.
///
/// One thread at a time puts nodes. Searches run at any time beside it and take no lock. One that runs while a node's free amounts change sees
/// some of them before and some after, as if the change came a moment later; the decision is made on the node's picture. One that runs while
/// nodes come, go or change their kind may miss a node or meet it twice: it finds out by <see cref="_arrangement"/> and is to be made again.
/// </summary>
public sealed class CandidateIndex
{
    // By node number minus one: where the node is; no group while it is not registered.
    private Place[] _places = [];

    // The first _groupCount are in use.
    private CandidateGroup[] _groups = [];
    private int _groupCount;
    private readonly Dictionary<CandidateKind, CandidateGroup> _byKind = [];

    // Nodes that take no claims, of all kinds: they are only counted.
    private readonly CandidateGroup _notEnabled = new(new CandidateKind([], []));

    // How often nodes were arranged anew; odd while they are being arranged.
    private long _arrangement;

    /// <summary>Takes over a node as it is now.</summary>
    public void Put(NodeView node)
    {
        Reserve(node.NodeKey);
        var place = _places[node.NodeKey - 1];
        var shown = place.Group?.Columns.Nodes[place.Slot];
        if (shown is not null && ReferenceEquals(shown.Spec, node.Spec) && shown.State == node.State)
        {
            place.Group!.Columns.WriteUsage(place.Slot, node);
            return;
        }

        if (!node.Exists)
            Arrange(node, place, null);
        else if (node.State != NodeState.Enabled)
            Arrange(node, place, _notEnabled);
        else
            Arrange(node, place, GroupOf(CandidateKind.Of(node.Spec)));
    }

    /// <summary>
    /// Finds the best nodes where a request fits; null when nodes were arranged anew meanwhile. While nobody puts nodes the answer is never null.
    /// </summary>
    /// <param name="query">What must fit, and where.</param>
    /// <param name="limit">How many nodes to find.</param>
    /// <param name="excluded">The numbers of nodes that are left out.</param>
    /// <param name="only">The numbers of the only nodes that are looked at; null for all.</param>
    public CandidateList? TrySearch(CandidateQuery query, int limit, IEnumerable<int> excluded, IEnumerable<int>? only = null)
    {
        var arrangement = Volatile.Read(ref _arrangement);
        if (arrangement % 2 != 0)
            return null;

        var included = only is null ? null : SlotsOf(only) ?? [];
        var search = new CandidateSearch(query, limit, SlotsOf(excluded), included);
        // The count first: the array is never shorter than an earlier count.
        var count = Volatile.Read(ref _groupCount);
        var notEnabled = included is null ? _notEnabled.Count : included.GetValueOrDefault(_notEnabled)?.Length ?? 0;
        var found = search.Run(Volatile.Read(ref _groups).AsSpan(0, count), notEnabled);
        Volatile.ReadBarrier();
        return arrangement == Volatile.Read(ref _arrangement) ? found : null;
    }

    private void Arrange(NodeView node, Place before, CandidateGroup? group)
    {
        if (ReferenceEquals(before.Group, group))
        {
            group?.Columns.Write(before.Slot, node);
            return;
        }

        Volatile.Write(ref _arrangement, _arrangement + 1);
        Volatile.WriteBarrier();
        if (before.Group is { } left)
        {
            if (left.Remove(before.Slot) is { } moved)
                _places[moved.NodeKey - 1] = before;
            if (left.Count == 0 && left != _notEnabled)
                Drop(left);
        }

        _places[node.NodeKey - 1] = group is null ? default : new Place(group, group.Add(node));
        Volatile.Write(ref _arrangement, _arrangement + 1);
    }

    private CandidateGroup GroupOf(CandidateKind kind)
    {
        if (_byKind.TryGetValue(kind, out var known))
            return known;
        var group = new CandidateGroup(kind);
        _byKind.Add(kind, group);
        if (_groupCount == _groups.Length)
        {
            var grown = _groups;
            Array.Resize(ref grown, Math.Max(4, 2 * _groupCount));
            Volatile.Write(ref _groups, grown);
        }

        _groups[_groupCount] = group;
        Volatile.Write(ref _groupCount, _groupCount + 1);
        return group;
    }

    // The last group takes the place of one that is empty.
    private void Drop(CandidateGroup empty)
    {
        _byKind.Remove(empty.Kind);
        _groups[Array.IndexOf(_groups, empty)] = _groups[_groupCount - 1];
        Volatile.Write(ref _groupCount, _groupCount - 1);
    }

    private void Reserve(int nodeKey)
    {
        if (nodeKey <= _places.Length)
            return;
        var grown = _places;
        Array.Resize(ref grown, Math.Max(nodeKey, 2 * _places.Length));
        Volatile.Write(ref _places, grown);
    }

    private Dictionary<CandidateGroup, int[]>? SlotsOf(IEnumerable<int> nodeKeys)
    {
        Dictionary<CandidateGroup, int[]>? slots = null;
        var places = Volatile.Read(ref _places);
        var known = nodeKeys.Where(key => key <= places.Length).Select(key => places[key - 1]).Where(place => place.Group is not null);
        foreach (var inGroup in known.GroupBy(place => place.Group!))
            (slots ??= []).Add(inGroup.Key, [.. inGroup.Select(place => place.Slot).Order()]);
        return slots;
    }

    private readonly record struct Place(CandidateGroup? Group, int Slot);
}
