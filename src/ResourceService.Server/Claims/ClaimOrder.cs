using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Claims;

namespace ResourceService.Server.Claims;

/// <summary>A claim that a caller wants, checked and in the ledger's words.</summary>
/// <param name="Instance">Who is to hold the resources.</param>
/// <param name="Request">What it needs.</param>
/// <param name="Node">The node to claim on, if the caller named one.</param>
/// <param name="Candidates">The nodes to try in order, if the caller named several.</param>
/// <param name="Strategy">Which node is best when the service chooses.</param>
/// <param name="Filter">Which nodes are considered when the caller did not name one.</param>
/// <param name="Lease">How long the claim is held unconfirmed.</param>
/// <param name="ValidateOnly">Whether to decide and change nothing.</param>
/// <param name="ExpectedGeneration">The generation the node must have.</param>
internal sealed record ClaimOrder(
    Instance Instance,
    ResourceRequest Request,
    NodeId? Node,
    ValueList<NodeId> Candidates,
    Strategy Strategy,
    NodeFilterRules Filter,
    TimeSpan Lease,
    bool ValidateOnly,
    long? ExpectedGeneration)
{
    /// <summary>The question for a node when the service chooses it.</summary>
    public CandidateQuery Query { get; } = new(Request, Filter, Strategy);
}
