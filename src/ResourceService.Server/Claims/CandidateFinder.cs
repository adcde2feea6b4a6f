using ResourceService.Ledger.Candidates;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Claims;

/// <summary>Finds nodes where a request fits, by the same predicate as the claim, on the durable pictures.</summary>
internal sealed class CandidateFinder(NodeDirectory nodes, FleetServices fleet)
{
    /// <summary>The best nodes, best first, and why the others refuse.</summary>
    public CandidateList Find(CandidateQuery query, int limit)
    {
        var excluded = query.Filter.Excluded;
        int[] keys = excluded.Count == 0 ? [] : [.. excluded.Select(nodes.Find).OfType<NodeWorker>().Select(worker => worker.View.NodeKey)];
        return fleet.Candidates.Search(query, limit, keys);
    }
}
