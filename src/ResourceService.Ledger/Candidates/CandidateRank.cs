using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

/// <summary>How good a node is for a request: the greater the better, and never equal for two nodes.</summary>
/// <param name="Score">
/// For <see cref="Strategy.Spread"/> the sum, over the classes asked for, of the share of the capacity that would stay free; for
/// <see cref="Strategy.Pack"/> its opposite.
/// </param>
/// <param name="NodeKey">Of nodes that are equally good, the one that was registered first is better.</param>
public readonly record struct CandidateRank(double Score, int NodeKey) : IComparable<CandidateRank>
{
    /// <summary>Worse than every node.</summary>
    public static CandidateRank Worst { get; } = new(double.NegativeInfinity, int.MaxValue);

    /// <summary>Better than every node.</summary>
    public static CandidateRank Best { get; } = new(double.PositiveInfinity, 0);

    /// <summary>The rank of a node; null when it has too little of a class.</summary>
    public static CandidateRank? Of(NodeView node, ResourceAmounts amounts, Strategy strategy)
    {
        var left = 0.0;
        foreach (ref readonly var item in amounts.Span)
        {
            var place = node.Spec.Inventories.IndexOf(item.Class);
            if (place < 0 || node.FreeAt(place) < item.Amount)
                return null;
            left += (node.FreeAt(place) - item.Amount) * UnitShare(node.Spec.Inventories[place].Capacity);
        }

        return new CandidateRank(strategy == Strategy.Spread ? left : -left, node.NodeKey);
    }

    /// <summary>What one unit is of a capacity. Scores are sums of products with it, so that they are equal wherever they are computed.</summary>
    internal static double UnitShare(long capacity) => 1.0 / capacity;

    /// <inheritdoc/>
    public int CompareTo(CandidateRank other)
    {
        var scores = Score.CompareTo(other.Score);
        return scores != 0 ? scores : other.NodeKey.CompareTo(NodeKey);
    }

    /// <summary>Whether the left node is worse.</summary>
    public static bool operator <(CandidateRank left, CandidateRank right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left node is better.</summary>
    public static bool operator >(CandidateRank left, CandidateRank right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left node is worse or the same.</summary>
    public static bool operator <=(CandidateRank left, CandidateRank right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left node is better or the same.</summary>
    public static bool operator >=(CandidateRank left, CandidateRank right) => left.CompareTo(right) >= 0;
}
