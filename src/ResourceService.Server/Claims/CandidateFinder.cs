using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Nodes;
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

    /// <summary>The nodes that refuse and are nearest to taking the request, nearest first.</summary>
    /// <param name="query">The request.</param>
    /// <param name="limit">How many to find, at least 1.</param>
    /// <param name="fitting">Nodes that were found to fit, and are passed over.</param>
    public IReadOnlyList<NearMiss> FindNearMisses(CandidateQuery query, int limit, IReadOnlyCollection<NodeView> fitting)
    {
        var search = new NearMissSearch(query, limit);
        var passedOver = fitting.Select(node => node.NodeKey).ToHashSet();
        foreach (var worker in nodes.Among(query.Filter.Only))
        {
            var node = worker.View;
            if (!passedOver.Contains(node.NodeKey))
                search.Look(node);
        }

        return search.Find();
    }

    /// <summary>
    /// The nodes whose hosts run the instance already, beyond what any claim of it holds. What it has there is its own, but a search counts it as taken: a claim
    /// of the instance itself may fit there and nowhere else.
    /// </summary>
    public IEnumerable<NodeWorker> WhereItRuns(InstanceId instance, NodeFilterRules filter) =>
        fleet.Instances.ObservedOf(instance).Select(claim => nodes.Find(claim.NodeKey)!).Where(worker => filter.Takes(worker.View));

    private int[] KeysOf(IReadOnlySet<NodeId> ids) =>
        ids.Count == 0 ? [] : [.. ids.Select(nodes.Find).OfType<NodeWorker>().Select(worker => worker.View.NodeKey)];
}
