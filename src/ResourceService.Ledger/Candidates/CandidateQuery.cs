using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

/// <summary>A question for nodes. Equal questions have equal answers at the same moment.</summary>
/// <param name="Request">What must fit.</param>
/// <param name="Filter">Which nodes are considered.</param>
/// <param name="Strategy">Which of two nodes that fit is better.</param>
public sealed record CandidateQuery(ResourceRequest Request, NodeFilterRules Filter, Strategy Strategy)
{
    /// <summary>Whether more than traits and amounts decides: only the node's own picture tells then.</summary>
    public bool LooksInside => Request.Numa is not null || Request.Devices.Count > 0;

    /// <summary>Why a node does not take a claim of the request: the decision of the claim itself.</summary>
    public RefusalReason Refuse(NodeView node)
    {
        var reason = Filter.Refuse(node);
        return reason != RefusalReason.None ? reason : FitRules.Fit(node, Request, out _);
    }
}

/// <summary>The answer.</summary>
/// <param name="Nodes">The nodes, best first.</param>
/// <param name="Refusals">Why the others refuse.</param>
public sealed record CandidateList(IReadOnlyList<NodeView> Nodes, RefusalCounts Refusals);
