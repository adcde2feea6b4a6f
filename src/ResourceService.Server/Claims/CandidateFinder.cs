using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Claims;

/// <summary>Finds nodes where a request fits, by the same predicate as the claim, on the durable pictures.</summary>
internal sealed class CandidateFinder(NodeDirectory nodes)
{
    /// <summary>The best nodes for a request, best first, and why the others refuse.</summary>
    /// <param name="request">What must fit.</param>
    /// <param name="filter">Which nodes are considered.</param>
    /// <param name="strategy">Which of two fitting nodes is better.</param>
    /// <param name="limit">How many to return.</param>
    /// <param name="counts">Where refusals are counted; null when nobody asks.</param>
    public IReadOnlyList<NodeView> Find(
        ResourceRequest request, NodeFilterRules filter, Strategy strategy, int limit, RefusalCounts? counts)
    {
        // The worst of the best so far is on top: a better node replaces it.
        var best = new PriorityQueue<NodeView, (double, int)>(limit + 1);
        foreach (var worker in nodes.All)
        {
            var node = worker.View;
            if (!node.Exists)
                continue;
            var reason = filter.Refuse(node);
            if (reason == RefusalReason.None)
                reason = FitRules.Fit(node, request, out _);
            if (reason != RefusalReason.None)
            {
                counts?.Add(node, request, reason);
                continue;
            }

            counts?.AddFitting();
            var score = (Score(node, request.Amounts, strategy), -node.NodeKey);
            if (best.Count < limit)
                best.Enqueue(node, score);
            else
                best.EnqueueDequeue(node, score);
        }

        var found = new NodeView[best.Count];
        for (var i = found.Length - 1; i >= 0; i--)
            found[i] = best.Dequeue();
        return found;
    }

    // How good the node is for the request: the mean share of each class asked that would stay free (SPREAD) or be used (PACK).
    private static double Score(NodeView node, ResourceAmounts amounts, Strategy strategy)
    {
        var free = 0.0;
        foreach (ref readonly var item in amounts.Span)
        {
            var place = node.Spec.Inventories.IndexOf(item.Class);
            free += (double)(node.FreeAt(place) - item.Amount) / node.Spec.Inventories[place].Capacity;
        }

        return strategy == Strategy.Spread ? free : -free;
    }
}

/// <summary>Which of two nodes that fit is better.</summary>
internal enum Strategy
{
    /// <summary>The emptier one.</summary>
    Spread,

    /// <summary>The fuller one.</summary>
    Pack,
}
