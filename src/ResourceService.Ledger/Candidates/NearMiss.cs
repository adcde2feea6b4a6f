using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

/// <summary>A node that refuses a request.</summary>
/// <param name="Node">The node.</param>
/// <param name="Dimensions">Everything that refuses, at least one.</param>
public sealed record NearMiss(NodeView Node, ValueList<RefusedDimension> Dimensions)
{
    /// <summary>How far the node is from taking it.</summary>
    internal RefusalDistance Distance => RefusalDistance.Of(Dimensions.Span, Node.NodeKey);
}

/// <summary>How far a refusal is from a fit: the smaller the nearer, and never equal for two nodes.</summary>
/// <param name="Failing">How many dimensions fail.</param>
/// <param name="Shortage">What they lack together: see <see cref="RefusedDimension.Shortage"/>.</param>
/// <param name="NodeKey">Of two that are equally near, the node that was registered first is nearer.</param>
internal readonly record struct RefusalDistance(int Failing, double Shortage, int NodeKey)
{
    public static Comparer<RefusalDistance> NearestFirst { get; } = Comparer<RefusalDistance>.Create(Compare);

    public static Comparer<RefusalDistance> FarthestFirst { get; } = Comparer<RefusalDistance>.Create((left, right) => Compare(right, left));

    public static RefusalDistance Of(ReadOnlySpan<RefusedDimension> refused, int nodeKey)
    {
        var shortage = 0.0;
        foreach (ref readonly var dimension in refused)
            shortage += dimension.Shortage;
        return new RefusalDistance(refused.Length, shortage, nodeKey);
    }

    private static int Compare(RefusalDistance left, RefusalDistance right)
    {
        var failing = left.Failing.CompareTo(right.Failing);
        if (failing != 0)
            return failing;
        var shortage = left.Shortage.CompareTo(right.Shortage);
        return shortage != 0 ? shortage : left.NodeKey.CompareTo(right.NodeKey);
    }
}
