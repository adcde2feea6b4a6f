using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage;

/// <summary>A node's usage at one moment, kept for plots and forensics.</summary>
/// <param name="NodeKey">The node's number.</param>
/// <param name="Time">When it was taken.</param>
/// <param name="Generation">The node's generation at that time.</param>
/// <param name="Used">What was used; classes without usage are left out.</param>
/// <param name="Capacity">What could be promised; classes without capacity are left out.</param>
/// <param name="ClaimCount">How many claims lived on the node.</param>
/// <param name="State">What the node could be used for.</param>
public sealed record UsageSnapshot(
    int NodeKey, Instant Time, long Generation, ResourceAmounts Used, ResourceAmounts Capacity, int ClaimCount, NodeState State)
{
    /// <summary>The node as a picture shows it.</summary>
    public static UsageSnapshot Of(NodeView node, Instant time) =>
        new(node.NodeKey, time, node.Generation, node.UsedByClass(), node.CapacityByClass(), node.Claims.Count, node.State);
}
