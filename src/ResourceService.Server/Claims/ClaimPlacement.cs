using System.Runtime.CompilerServices;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Claims;

/// <summary>
/// Carries out one claim: on the node named, on the first candidate that fits, or on the best node. Where the service chooses, the choice
/// list gives a node and its worker decides; a worker that refuses was filled by someone else in that moment, and the next best is asked.
/// </summary>
internal sealed class ClaimPlacement(NodeDirectory nodes, CandidateFinder finder, ChoiceLists choices, FleetServices fleet)
{
    // How many nodes are asked in vain before the caller is sent away to come again. Each time another claim was faster by microseconds.
    private const int AttemptsMax = 1000;

    // How often a name is looked up again. Each time the node with the name really changed.
    private const int RoundsMax = 32;

    /// <summary>The claim, or why there is none.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<CallResult<V1.ClaimInstanceResponse>> PlaceAsync(ClaimOrder order, RequestStamp stamp, CancellationToken cancellation)
    {
        if (order.Node is { } id)
        {
            for (var round = 0; round < RoundsMax; round++)
            {
                if (nodes.Find(id) is not { } worker)
                    return RpcErrors.NodeNotFound(id.Value);
                var outcome = await TryClaimAsync(worker, order, stamp, cancellation);
                // Where the node got another name while the claim waited, another one may have this name now.
                if (outcome.Refusal?.Kind != RefusalKind.NodeNotFound || nodes.Find(id) == worker)
                    return Answer(outcome, id);
            }

            return RpcErrors.QueueFull();
        }

        return order.Candidates.Count > 0
            ? await PlaceOnFirstAsync(order, stamp, cancellation)
            : await PlaceOnBestAsync(order, stamp, cancellation);
    }

    private async Task<CallResult<V1.ClaimInstanceResponse>> PlaceOnFirstAsync(ClaimOrder order, RequestStamp stamp, CancellationToken cancellation)
    {
        var refusals = new List<V1.Refusal>();
        foreach (var id in order.Candidates)
        {
            if (nodes.Find(id) is not { } worker)
            {
                refusals.Add(RpcErrors.ToContract(new Refusal(RefusalKind.NodeNotFound, $"Node {id} is not registered."), id.Value));
                continue;
            }

            if (!order.Filter.Takes(worker.View))
            {
                refusals.Add(new V1.Refusal
                {
                    NodeId = id.Value,
                    Dimensions = { new V1.RefusedDimension { Reason = V1.RefusalReason.NodeFiltered } },
                });
                continue;
            }

            var outcome = await TryClaimAsync(worker, order, stamp, cancellation);
            if (!IsRefusedByNode(outcome))
                return Answer(outcome, id);
            refusals.Add(RpcErrors.ToContract(outcome.Refusal!, id.Value));
        }

        return RpcErrors.NoCandidateFits(refusals);
    }

    private async Task<CallResult<V1.ClaimInstanceResponse>> PlaceOnBestAsync(ClaimOrder order, RequestStamp stamp, CancellationToken cancellation)
    {
        if (order.ValidateOnly)
        {
            var found = finder.Find(order.Query, 1);
            return found.Nodes.Count > 0
                ? Answer(Validate(found.Nodes[0], order), found.Nodes[0].Id)
                : await PlaceWhereItRunsAsync(order, stamp, cancellation) ?? RpcErrors.NoCandidateFits(found.Refusals);
        }

        var best = choices.Of(order.Query);
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            if (best.Take() is { } worker)
            {
                var claiming = TryClaimAsync(worker, order, stamp, cancellation);
                best.GiveBack(worker);
                var outcome = await claiming;
                if (!IsRefusedByNode(outcome))
                    return Answer(outcome, worker.View.Id);
                continue;
            }

            // Nothing fits, but that may rest on claims that are not durable yet, and one of them may be lost: decided once they have settled.
            if (!await CommitBarrier.PassAsync(fleet.Committer))
                return RpcErrors.Of(new CommandOutcome(CommandStatus.StoreUnavailable), "");
            var settled = finder.Find(order.Query, 1);
            if (settled.Nodes.Count == 0)
                return await PlaceWhereItRunsAsync(order, stamp, cancellation) ?? RpcErrors.NoCandidateFits(settled.Refusals);
        }

        return RpcErrors.Of(new CommandOutcome(CommandStatus.QueueFull), "");
    }

    // Null when no node that runs the instance already takes it either; nearly always because there is none.
    private async Task<CallResult<V1.ClaimInstanceResponse>?> PlaceWhereItRunsAsync(ClaimOrder order, RequestStamp stamp, CancellationToken cancellation)
    {
        foreach (var worker in finder.WhereItRuns(order.Instance.Id, order.Filter))
        {
            var outcome = await TryClaimAsync(worker, order, stamp, cancellation);
            if (!IsRefusedByNode(outcome))
                return Answer(outcome, worker.View.Id);
        }

        return null;
    }

    private Task<CommandOutcome> TryClaimAsync(NodeWorker worker, ClaimOrder order, RequestStamp stamp, CancellationToken cancellation)
    {
        if (order.ValidateOnly)
            return Task.FromResult(Validate(worker.View, order));

        var id = nodes.NextClaimId(worker.View.NodeKey);
        var command = new NodeCommand(
            node => order.Node is { } named && node.Id != named ? Decision.Refuse(NodeRules.NotFound(named)) : ClaimRules.Claim(
                node, order.Request, order.ExpectedGeneration, MakeClaim(id, order, fleet.Now), fleet.Instances.ObservedOf(order.Instance.Id, node.NodeKey)),
            Reply,
            stamp,
            cancellation)
        {
            NewInstance = order.Instance.Id,
        };
        worker.Post(command);
        return command.Completion;
    }

    private CommandOutcome Validate(NodeView node, ClaimOrder order)
    {
        if (fleet.Instances.TryFind(order.Instance.Id, out var held))
            return new CommandOutcome(CommandStatus.Refused, Refusal: ClaimRules.AlreadyClaimed(order.Instance.Id, held.First));
        var decision = ClaimRules.Claim(
            node, order.Request, order.ExpectedGeneration, MakeClaim(default, order, fleet.Now), fleet.Instances.ObservedOf(order.Instance.Id, node.NodeKey));
        if (decision.Refusal is { } refusal)
            return new CommandOutcome(CommandStatus.Refused, Refusal: refusal);
        var answer = Reply(node, decision);
        answer.Claim.ClaimId = "";
        return new CommandOutcome(CommandStatus.Accepted, answer);
    }

    /// <summary>The claim to admit.</summary>
    public static Claim MakeClaim(ClaimId id, ClaimOrder order, Instant now) =>
        new(id, order.Instance, order.Request, ClaimState.Held, now.Add(order.Lease), now, now, "");

    /// <summary>The answer to an admitted claim.</summary>
    public static V1.ClaimInstanceResponse Reply(NodeView node, Decision decision)
    {
        var claim = ((ClaimChanged)decision.Changes[^1]).After;
        var reply = new V1.ClaimInstanceResponse { Claim = ContractMapping.ToContract(claim, node.Id), NodeGeneration = node.Generation };
        reply.Warnings.Warn(claim.Request);
        return reply;
    }

    // The node that an answer names: where the claim is that stands in the way, otherwise the one that was asked.
    private CallResult<V1.ClaimInstanceResponse> Answer(CommandOutcome outcome, NodeId asked) => CallResult<V1.ClaimInstanceResponse>.Of(
        outcome, outcome.Refusal?.HeldBy is { } held ? nodes.Find(held.NodeKey)!.View.Id.Value : asked.Value);

    // Another node may still take it. Anything else, such as an instance that is claimed already, is the same everywhere.
    private static bool IsRefusedByNode(CommandOutcome outcome) =>
        outcome.Refusal?.Kind is RefusalKind.DoesNotFit or RefusalKind.NodeNotEnabled or RefusalKind.NodeNotFound;
}
