namespace ResourceService.Ledger.Nodes;

/// <summary>What orders nodes.</summary>
public enum NodeOrderKey
{
    /// <summary>What is free of a class.</summary>
    Free,

    /// <summary>The share of a class's capacity in use.</summary>
    UsedRatio,

    /// <summary>When the node changed last.</summary>
    UpdateTime,

    /// <summary>How many claims it has.</summary>
    ClaimCount,
}

/// <summary>An order of nodes, total at any moment: ties are broken by the id.</summary>
/// <param name="Key">What is compared.</param>
/// <param name="Class">The class whose free amount or share is compared.</param>
/// <param name="Descending">Whether the greatest comes first.</param>
public sealed record NodeOrder(NodeOrderKey Key, ResourceClass Class, bool Descending)
{
    /// <summary>Where the node is in the order as it is now.</summary>
    public NodeRank RankOf(NodeView node)
    {
        if (Key is NodeOrderKey.UpdateTime or NodeOrderKey.ClaimCount)
            return Rank(Key == NodeOrderKey.UpdateTime ? node.UpdateTime.UnixMs : node.Claims.Count, node.Id);
        var place = node.Spec.Inventories.IndexOf(Class);
        if (place < 0)
            return new NodeRank(true, 0, node.Id);
        // The bits of numbers that are not negative are in the numbers' order.
        return Rank(Key == NodeOrderKey.Free ? node.FreeAt(place) : BitConverter.DoubleToInt64Bits(node.UsedRatioAt(place)), node.Id);
    }

    /// <summary>
    /// The first so many of the nodes behind a place in the order. It walks all of them and keeps only those: what a page costs in memory follows from
    /// the page, not from the fleet.
    /// </summary>
    /// <param name="nodes">The nodes, in any order, each once.</param>
    /// <param name="after">Only nodes behind this place are taken; null for all.</param>
    /// <param name="count">How many to take, at least 1.</param>
    public IReadOnlyList<NodeView> First(IEnumerable<NodeView> nodes, NodeRank? after, int count)
    {
        // The last of the best on top.
        var best = new PriorityQueue<NodeView, NodeRank>(count + 1, NodeRank.LastFirst);
        foreach (var node in nodes)
        {
            var rank = RankOf(node);
            if (after is { } place && NodeRank.Compare(rank, place) <= 0)
                continue;
            if (best.Count < count)
                best.Enqueue(node, rank);
            else
                best.EnqueueDequeue(node, rank);
        }

        var first = new NodeView[best.Count];
        for (var i = first.Length - 1; i >= 0; i--)
            first[i] = best.Dequeue();
        return first;
    }

    // The complement turns the order around and, unlike the opposite, is there for every number.
    private NodeRank Rank(long key, NodeId id) => new(false, Descending ? ~key : key, id);
}

/// <summary>A place in an order of nodes: the smaller comes first.</summary>
/// <param name="LacksKey">Whether the node has nothing to compare: such nodes come last.</param>
/// <param name="Key">What is compared, so that the smaller number comes first.</param>
/// <param name="Id">The node.</param>
public readonly record struct NodeRank(bool LacksKey, long Key, NodeId Id)
{
    /// <summary>The opposite order.</summary>
    internal static Comparer<NodeRank> LastFirst { get; } = Comparer<NodeRank>.Create((left, right) => Compare(right, left));

    /// <summary>Less than 0 when the left place comes first.</summary>
    internal static int Compare(NodeRank left, NodeRank right)
    {
        var lacking = left.LacksKey.CompareTo(right.LacksKey);
        if (lacking != 0)
            return lacking;
        var keys = left.Key.CompareTo(right.Key);
        return keys != 0 ? keys : left.Id.CompareTo(right.Id);
    }
}
