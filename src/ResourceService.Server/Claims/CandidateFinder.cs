using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Claims;

/// <summary>Finds nodes where a request fits, by the same predicate as the claim, on the durable pictures.</summary>
internal sealed class CandidateFinder(NodeDirectory nodes, FleetServices fleet)
{
    /// <summary>The best nodes, best first, and why the others refuse.</summary>
    public CandidateList Find(CandidateQuery query, int limit)
    {
        var filter = query.Filter;
        return fleet.Candidates.Search(query, limit, KeysOf(filter.Excluded), filter.Only.Count == 0 ? null : KeysOf(filter.Only));
    }

    private int[] KeysOf(IReadOnlySet<NodeId> ids) =>
        ids.Count == 0 ? [] : [.. ids.Select(nodes.Find).OfType<NodeWorker>().Select(worker => worker.View.NodeKey)];
}
