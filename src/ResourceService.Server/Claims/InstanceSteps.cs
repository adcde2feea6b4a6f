using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Grpc;
using ResourceService.Server.Moves;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Claims;

/// <summary>
/// Changes of an instance, wherever it is. It may move on while a change is on its way: whoever decides sees that its claim is gone, or that it has
/// just begun to move, and the instance is looked up again.
/// </summary>
internal sealed class InstanceSteps(NodeDirectory nodes, FleetServices fleet)
{
    // How often an instance is looked up again. Each time a move of it really began or ended.
    private const int RoundsMax = 32;

    /// <summary>Releases everything that an instance holds, and what hosts were seen to run of it; a move in flight has failed.</summary>
    public async ValueTask<CallResult<V1.ReleaseInstanceResponse>> ReleaseAsync(
        InstanceId instance, string reason, RequestStamp stamp, CancellationToken cancellation)
    {
        // Observed claims come and go with audits: each round one really did.
        for (var round = 0; round < RoundsMax && InstanceRelease.Of(instance, reason, fleet, nodes, stamp) is { } release; round++)
        {
            var outcome = await release.PostAsync();
            if (outcome.Refusal is null)
                return CallResult<V1.ReleaseInstanceResponse>.Of(outcome, "");
        }

        return await OnInstanceAsync<V1.ReleaseInstanceResponse>(
            instance,
            held => held.MoveTarget is { } target
                ? ReleaseMovingAsync(instance, held, target, reason, stamp)
                : ReleaseAsync(instance, held.First, reason, stamp, cancellation));
    }

    /// <summary>Changes what is known of an instance: on its primary claim, or, when that is gone with its node, on the target of its move.</summary>
    public ValueTask<CallResult<V1.UpdateInstanceResponse>> UpdateAsync(
        InstanceId instance, Func<Instance, Instance> update, long? generation, RequestStamp stamp, CancellationToken cancellation) =>
        OnInstanceAsync<V1.UpdateInstanceResponse>(instance, held =>
        {
            var id = held.First;
            var command = new NodeCommand(
                node => ClaimRules.UpdateInstance(node, id, generation, update, fleet.Now),
                (node, _) => new V1.UpdateInstanceResponse
                {
                    Instance = ContractMapping.ToContract(node.Claims[id.Sequence].Instance),
                    NodeGeneration = node.Generation,
                },
                stamp,
                cancellation);
            nodes.Find(id.NodeKey)!.Post(command);
            return command.Completion;
        });

    private Task<CommandOutcome> ReleaseAsync(InstanceId instance, ClaimId id, string reason, RequestStamp stamp, CancellationToken cancellation)
    {
        var command = new NodeCommand(
            // Asked on the worker of the source, without which no move begins.
            node => fleet.Instances.TryFind(instance, out var held) && held.MoveTarget is { } target
                ? Decision.Refuse(MigrationRules.InFlight(instance, MigrationId.Of(target)))
                : ClaimRules.Release(node, id, null, reason, fleet.Now),
            static (node, decision) => Released(decision.Changes, node.Id),
            stamp,
            cancellation);
        nodes.Find(id.NodeKey)!.Post(command);
        return command.Completion;
    }

    private Task<CommandOutcome> ReleaseMovingAsync(InstanceId instance, Holding held, ClaimId targetId, string reason, RequestStamp stamp)
    {
        var target = nodes.Find(targetId.NodeKey)!;
        var source = held.Primary is { } sourceId ? nodes.Find(sourceId.NodeKey)! : target;
        var step = new MoveStep(
            fleet,
            stamp,
            target,
            source,
            // Another move may have begun meanwhile, to a node that is not here.
            (targetNode, sourceNode) => fleet.Instances.TryFind(instance, out var current) && current == held
                ? MigrationRules.Release(targetNode, targetId, sourceNode, held.Primary, reason, fleet.Now)
                : MoveDecision.Refuse(ClaimRules.NotLive(held.First)),
            (decision, targetNode, _) =>
            {
                var released = Released(decision.OnSource, source.View.Id);
                released.Claims.Add(Released(decision.OnTarget, targetNode.Id).Claims);
                return released;
            });
        return step.PostAsync();
    }

    private async ValueTask<CallResult<TReply>> OnInstanceAsync<TReply>(InstanceId instance, Func<Holding, Task<CommandOutcome>> run)
        where TReply : class, Google.Protobuf.IMessage
    {
        for (var round = 0; round < RoundsMax; round++)
        {
            if (!fleet.Instances.TryFind(instance, out var held))
                return RpcErrors.InstanceNotFound(instance.Value);
            var outcome = await run(held);
            if (outcome.Refusal?.Kind is not (RefusalKind.ClaimNotLive or RefusalKind.MigrationInFlight))
                return CallResult<TReply>.Of(outcome, nodes.Find(held.First.NodeKey)!.View.Id.Value);
            if (outcome.Refusal.Kind == RefusalKind.ClaimNotLive && fleet.Instances.TryFind(instance, out var current) && current == held)
                return RpcErrors.InstanceNotFound(instance.Value);
        }

        return RpcErrors.QueueFull();
    }

    private static V1.ReleaseInstanceResponse Released(IEnumerable<LedgerChange> changes, NodeId node) =>
        new() { Claims = { changes.Select(change => ContractMapping.ToContract(change.ClaimAfter!, node)) } };
}
