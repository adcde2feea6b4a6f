using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Grpc;

namespace ResourceService.Server.Nodes;

/// <summary>
/// Gives a node another name: one decision on it and on the node that has the new name, or is made for it, and one transaction. Everything that goes by
/// the numbers of nodes and claims stays where it is: the registry, leases, the index of candidates, moves in flight from and to the node.
/// </summary>
internal sealed class NodeRename(
    FleetServices fleet, RequestStamp stamp, NodeWorker node, NodeWorker other, Func<NodeView, NodeView, RenameDecision> decide)
    : GroupDecision(fleet, stamp)
{
    // How often the names are looked up again. Each time another rename of one of them really came first.
    private const int RoundsMax = 32;

    /// <summary>Renames a node, whichever nodes have the names by then.</summary>
    /// <param name="fleet">What all workers share.</param>
    /// <param name="stamp">Who asks.</param>
    /// <param name="names">The node's name and the one that it gets.</param>
    /// <param name="decide">Asks the rules: the node and the one with the new name in, the decision out.</param>
    /// <param name="nodesMax">How many nodes there may be.</param>
    public static async ValueTask<CallResult<V1.RenameNodeResponse>> RunAsync(
        FleetServices fleet, RequestStamp stamp, (NodeId Old, NodeId New) names, Func<NodeView, NodeView, RenameDecision> decide, int nodesMax)
    {
        for (var round = 0; round < RoundsMax; round++)
        {
            if (fleet.Nodes.Find(names.Old) is not { } node)
                return RpcErrors.NodeNotFound(names.Old.Value);
            if (fleet.Nodes.FindOrAdd(names.New) is not { } other)
                return RpcErrors.TooManyNodes(nodesMax);
            var outcome = await new NodeRename(fleet, stamp, node, other, decide).PostAsync(node, other);
            if (outcome.Refusal?.Kind != RefusalKind.NodeNotFound
                || (fleet.Nodes.Find(names.Old) == node && fleet.Nodes.FindOrAdd(names.New) == other))
                return CallResult<V1.RenameNodeResponse>.Of(outcome, names.Old.Value);
        }

        return RpcErrors.QueueFull();
    }

    /// <inheritdoc/>
    protected override CommandOutcome DecideOn(IReadOnlyDictionary<int, GroupMember> members)
    {
        var (renamed, taking) = (members[node.View.NodeKey], members[other.View.NodeKey]);
        var decision = decide(renamed.Before, taking.Before);
        if (decision.Refusal is { } refusal)
            return new CommandOutcome(CommandStatus.Refused, Refusal: refusal);
        // The old name ends before the new one begins: that is how watchers learn of it.
        return Accept(
            members,
            [
                .. decision.Released.Append(decision.OnOther!).Select(change => (taking.Before.NodeKey, change)),
                (renamed.Before.NodeKey, decision.OnNode!),
            ],
            () => new V1.RenameNodeResponse { Node = ContractMapping.ToContract(renamed.Ledger.View, NodeParts.Changed) });
    }

    /// <inheritdoc/>
    protected override void TakeBack()
    {
        // Nothing was entered.
    }

    /// <inheritdoc/>
    public override void Committed(long answer) => Fleet.Nodes.Exchange(() => base.Committed(answer));
}
