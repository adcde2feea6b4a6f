using System.Runtime.InteropServices;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

/// <summary>
/// Finds the nodes that refuse a request and are nearest to taking it. Every node is looked at by state, traits and amounts, which costs next to nothing;
/// what a request needs inside a node is decided, by the claim's own rules, on few. A request that asks for nothing inside gets the nearest of all nodes.
/// </summary>
/// <param name="query">The request and the filter; nodes that the filter leaves out are passed over.</param>
/// <param name="limit">How many to find, at least 1.</param>
public sealed class NearMissSearch(CandidateQuery query, int limit)
{
    // Decisions on hosts of many cells take up to milliseconds each.
    private const int DecisionsMin = 64;
    private const int DecisionsFactor = 2;

    private readonly int _decisionsMax = query.LooksInside ? Math.Max(DecisionsMin, DecisionsFactor * limit) : limit;
    private readonly List<RefusedDimension> _refused = [];

    // Nodes whose state, traits or amounts refuse: the nearest, the farthest of them on top.
    private readonly PriorityQueue<NodeView, RefusalDistance> _refusing = new(RefusalDistance.FarthestFirst);

    // Nodes that only what is inside can refuse: the emptiest, the fullest of them on top.
    private readonly PriorityQueue<NodeView, CandidateRank> _sufficing = new();

    /// <summary>Looks at a node. Each comes once, in any order; nodes that are known to fit need not come.</summary>
    public void Look(NodeView node)
    {
        if (!node.Exists || !query.Filter.Takes(node))
            return;
        _refused.Clear();
        ExplainOutside(node);
        if (_refused.Count > 0)
            Keep(_refusing, node, RefusalDistance.Of(CollectionsMarshal.AsSpan(_refused), node.NodeKey));
        else if (query.LooksInside && CandidateRank.Of(node, query.Request.Amounts, Strategy.Spread) is { } rank)
            Keep(_sufficing, node, rank);
    }

    /// <summary>The nearest of the nodes looked at, nearest first. Asked for once.</summary>
    public IReadOnlyList<NearMiss> Find()
    {
        var half = _decisionsMax / 2;
        var sufficing = Math.Min(_sufficing.Count, Math.Max(half, _decisionsMax - _refusing.Count));
        var refusing = Math.Min(_refusing.Count, _decisionsMax - sufficing);
        var decided = Best(_sufficing, sufficing).Concat(Best(_refusing, refusing)).Select(node => new NearMiss(node, Explain(node)));
        return [.. decided.Where(miss => miss.Dimensions.Count > 0).OrderBy(miss => miss.Distance, RefusalDistance.NearestFirst).Take(limit)];
    }

    private void ExplainOutside(NodeView node)
    {
        if (node.State != NodeState.Enabled)
            _refused.Add(RefusedDimension.OfState(node.State));
        FitRules.ExplainAmounts(node, query.Request, _refused);
    }

    private ValueList<RefusedDimension> Explain(NodeView node)
    {
        var refused = FitRules.Explain(node, query.Request);
        return node.State == NodeState.Enabled ? refused : ValueList.From(refused.Prepend(RefusedDimension.OfState(node.State)));
    }

    private void Keep<TRank>(PriorityQueue<NodeView, TRank> kept, NodeView node, TRank rank)
    {
        if (kept.Count < _decisionsMax)
            kept.Enqueue(node, rank);
        else
            kept.EnqueueDequeue(node, rank);
    }

    private static IEnumerable<NodeView> Best<TRank>(PriorityQueue<NodeView, TRank> kept, int count)
    {
        while (kept.Count > count)
            kept.Dequeue();
        return kept.UnorderedItems.Select(item => item.Element);
    }
}
