using System.Collections.Immutable;
using ResourceService.Ledger;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>
/// Which node had which name when. Numbers of nodes never change, names do, and history is told under the names of its time. Nodes that were never
/// renamed, which are nearly all, are not in here: their name is the one they have. As long as events from before a rename are kept, so is its own.
/// </summary>
internal sealed class NodeNames(IClaimReader reader)
{
    // By node and by name, what held until each rename, by ascending revision; exchanged whole. Written by one thread at a time.
    private volatile Timelines _timelines = Timelines.Empty;

    /// <summary>Reads all renames that are kept. At start, and when it is in doubt which became durable.</summary>
    public void Load() => _timelines = reader.ListRenames().Aggregate(Timelines.Empty, (all, renamed) => all.With(renamed));

    /// <summary>Takes over a rename that is durable, before anybody sees the new names.</summary>
    public void Add(PastName renamed) => _timelines = _timelines.With(renamed);

    /// <summary>The name of a node at a revision.</summary>
    /// <param name="nodeKey">The node.</param>
    /// <param name="revision">The revision.</param>
    /// <param name="current">The name that it has now.</param>
    public NodeId NameAt(int nodeKey, long revision, NodeId current)
    {
        if (_timelines.OfNodes.TryGetValue(nodeKey, out var past))
        {
            foreach (var (until, name) in past)
            {
                if (revision < until)
                    return name;
            }
        }

        return current;
    }

    /// <summary>The node with a name at a revision.</summary>
    /// <param name="name">The name.</param>
    /// <param name="revision">The revision.</param>
    /// <param name="current">The node that has it now; 0 for none.</param>
    public int NodeAt(NodeId name, long revision, int current)
    {
        foreach (var (node, _, until) in NodesOf(name, current))
        {
            if (revision <= until)
                return node;
        }

        return current;
    }

    /// <summary>The nodes that had a name one after the other, each after one revision and up to another.</summary>
    public IEnumerable<(int NodeKey, long After, long Until)> NodesOf(NodeId name, int current)
    {
        var after = 0L;
        if (_timelines.OfNames.TryGetValue(name, out var past))
        {
            foreach (var (until, node) in past)
            {
                yield return (node, after, until - 1);
                after = until - 1;
            }
        }

        yield return (current, after, long.MaxValue);
    }

    private sealed record Timelines(
        ImmutableDictionary<int, ImmutableList<(long Until, NodeId Name)>> OfNodes,
        ImmutableDictionary<NodeId, ImmutableList<(long Until, int NodeKey)>> OfNames)
    {
        public static readonly Timelines Empty = new(
            ImmutableDictionary<int, ImmutableList<(long, NodeId)>>.Empty, ImmutableDictionary<NodeId, ImmutableList<(long, int)>>.Empty);

        public Timelines With(PastName renamed) => new(
            Add(Add(OfNodes, renamed.NodeKey, (renamed.Revision, renamed.Old)), renamed.OtherKey, (renamed.Revision, renamed.New)),
            Add(Add(OfNames, renamed.Old, (renamed.Revision, renamed.NodeKey)), renamed.New, (renamed.Revision, renamed.OtherKey)));

        private static ImmutableDictionary<TKey, ImmutableList<TItem>> Add<TKey, TItem>(
            ImmutableDictionary<TKey, ImmutableList<TItem>> timelines, TKey key, TItem item)
            where TKey : notnull =>
            timelines.SetItem(key, (timelines.GetValueOrDefault(key) ?? []).Add(item));
    }
}
