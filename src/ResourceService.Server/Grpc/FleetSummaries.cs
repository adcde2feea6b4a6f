using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.History;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Grpc;

/// <summary>Sums up nodes: one walk over their published views, on the caller's thread, so that no claim waits for it.</summary>
internal sealed class FleetSummaries(NodeDirectory nodes, LedgerHistory history, ClaimCensus census)
{
    // Nodes may name classes as they like: what is shown of them stays far below a page's bytes.
    private const int ClassesMax = 1000;

    /// <summary>The sums over the nodes that a filter takes.</summary>
    public V1.FleetSummary Sum(NodeFilterRules filter)
    {
        // Before the walk: what comes during it may be in the sums or not, and is watched in any case.
        var summary = new V1.FleetSummary { Revision = history.LastRevision };
        var sum = new FleetSum();
        Instant? oldest = null;
        foreach (var worker in nodes.Among(filter.Only))
        {
            var node = worker.View;
            if (!node.Exists || !filter.Takes(node))
                continue;
            sum.Add(node);
            var claims = census.Of(node);
            summary.HeldClaimCount += claims.Held;
            summary.ObservedClaimCount += claims.Observed;
            summary.ActiveClaimCount += node.Claims.Count - claims.Held - claims.Observed;
            if (claims.OldestHeld is { } held && !(oldest <= held))
                oldest = held;
        }

        Add(summary, sum);
        summary.OldestHeldClaimCreateTime = oldest is { } made ? ContractMapping.ToContract(made) : null;
        return summary;
    }

    private static void Add(V1.FleetSummary summary, FleetSum sum)
    {
        summary.NodeCount = sum.NodeCount;
        summary.EnabledNodeCount = sum.NodesIn(NodeState.Enabled);
        summary.DisabledNodeCount = sum.NodesIn(NodeState.Disabled);
        summary.DrainingNodeCount = sum.NodesIn(NodeState.Draining);
        summary.MigrationCount = sum.MigrationCount;
        summary.OmittedClassCount = Math.Max(0, sum.Classes.Count - ClassesMax);
        foreach (var ofClass in sum.Classes.OrderByDescending(ofClass => ofClass.NodeCount).ThenBy(ofClass => ofClass.Class).Take(ClassesMax))
            summary.Classes.Add(ofClass.Class.Name, ToContract(ofClass));
    }

    private static V1.ClassSummary ToContract(ClassSum sum) => new()
    {
        Capacity = sum.Capacity,
        Used = sum.Used,
        Free = sum.Free,
        NodeCount = sum.NodeCount,
        FullNodeCount = sum.FullNodeCount,
        OverCapacityNodeCount = sum.OverCapacityNodeCount,
        LargestFit = sum.LargestFit,
    };
}
