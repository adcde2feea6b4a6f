using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.History;

/// <summary>Recomputes every node's usage from its claims, in memory and in the store, and compares all of it. There must never be a difference.</summary>
internal sealed class LedgerVerifier(NodeDirectory nodes, IClaimReader reader)
{
    // What is told of differences; the count goes on.
    private const int ToldMax = 1_000;

    /// <summary>Verifies all nodes, or one.</summary>
    public V1.VerifyLedgerResponse Verify(NodeWorker? only)
    {
        var response = new V1.VerifyLedgerResponse();
        // A node that is the same before and after the store was read can be compared with it; one that changed meanwhile has moved on.
        var before = (only is null ? nodes.All.ToArray() : [only]).Select(worker => worker.View).ToDictionary(node => node.NodeKey);
        var stored = reader.ReadNodes(only?.View.NodeKey);
        foreach (var (node, recorded) in stored)
        {
            Compare(response, node.Id, V1.LedgerLocation.Store, recorded, node.UsedByClass(), "the usage row and the sum of the claims");
            AddAll(response, node, V1.LedgerLocation.Store);
            if (!before.Remove(node.NodeKey, out var view))
                continue;
            if (view.Exists)
                response.NodeCount++;
            response.ClaimCount += view.Claims.Count;
            AddAll(response, view, V1.LedgerLocation.Memory);
            if (view.Generation == node.Generation)
                CompareSameGeneration(response, view, node);
            else if (view.Generation > node.Generation)
                Add(response, view.Id, V1.LedgerPart.Generation, V1.LedgerLocation.Store, "", view.Generation, node.Generation, "memory is ahead of the store");
        }

        foreach (var view in before.Values.Where(view => view.Exists))
            Add(response, view.Id, V1.LedgerPart.Generation, V1.LedgerLocation.Store, "", view.Generation, 0, "the store does not know the node");
        return response;
    }

    private static void CompareSameGeneration(V1.VerifyLedgerResponse response, NodeView memory, NodeView store)
    {
        Compare(response, memory.Id, V1.LedgerLocation.Memory, memory.UsedByClass(), store.UsedByClass(), "usage in memory and in the store");
        foreach (var sequence in memory.Claims.Keys.Union(store.Claims.Keys))
        {
            var inMemory = memory.Claims.GetValueOrDefault(sequence);
            var inStore = store.Claims.GetValueOrDefault(sequence);
            if (inMemory is null || inStore is null || inMemory != inStore)
            {
                Add(response, memory.Id, V1.LedgerPart.Claims, inStore is null ? V1.LedgerLocation.Store : V1.LedgerLocation.Memory, "", 1, 0,
                    $"claim {(inMemory ?? inStore)!.Id} differs between memory and store");
            }
        }
    }

    private static void Compare(
        V1.VerifyLedgerResponse response, NodeId node, V1.LedgerLocation location, ResourceAmounts found, ResourceAmounts expected, string what)
    {
        foreach (var resourceClass in found.Concat(expected).Select(item => item.Class).Distinct())
        {
            if (found.Of(resourceClass) != expected.Of(resourceClass))
                Add(response, node, V1.LedgerPart.Usage, location, resourceClass.Name, expected.Of(resourceClass), found.Of(resourceClass), what);
        }
    }

    private static void AddAll(V1.VerifyLedgerResponse response, NodeView node, V1.LedgerLocation location)
    {
        foreach (var difference in LedgerInvariants.Verify(node))
        {
            Add(response, node.Id, V1.LedgerPart.Usage, location, difference.Class.Name, difference.Summed, difference.Recorded,
                "the node's usage and the sum of its claims");
        }
    }

    private static void Add(
        V1.VerifyLedgerResponse response, NodeId node, V1.LedgerPart part, V1.LedgerLocation location, string resourceClass, long expected, long found,
        string detail)
    {
        response.DifferenceCount++;
        if (response.Differences.Count >= ToldMax)
            return;
        response.Differences.Add(new V1.LedgerDifference
        {
            NodeId = node.Value,
            Part = part,
            Location = location,
            ResourceClass = resourceClass,
            Expected = expected,
            Found = found,
            Detail = detail,
        });
    }
}
