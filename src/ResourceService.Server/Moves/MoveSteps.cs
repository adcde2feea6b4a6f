using Google.Protobuf;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Moves;

/// <summary>
/// The steps of a move's life, each on the nodes that it concerns. Progress changes the target alone; a start looks at the source and an end changes
/// its claim, so those own both nodes for the moment of the decision.
/// </summary>
internal sealed class MoveSteps(NodeDirectory nodes, FleetServices fleet, IClaimReader reader)
{
    // How often an instance is looked up again that moved on meanwhile. Each time another move of it really ended.
    private const int RoundsMax = 32;

    /// <summary>Makes the answer of a step from the move and the claim that it tells.</summary>
    public delegate TReply Reply<out TReply>(V1.Migration migration, V1.Claim? claim);

    /// <summary>Makes the answer of a start from the move, the claim on the target, and what that was made for.</summary>
    public delegate TReply StartReply<out TReply>(V1.Migration migration, V1.Claim claim, ResourceRequest request);

    /// <summary>Starts a move, or says why it cannot start.</summary>
    public async ValueTask<CallResult<TReply>> ClaimAsync<TReply>(
        MoveRequest request, NodeId targetId, bool validateOnly, RequestStamp stamp, StartReply<TReply> reply)
        where TReply : class, IMessage
    {
        for (var round = 0; round < RoundsMax; round++)
        {
            if (!fleet.Instances.TryFind(request.Instance, out var held))
                return RpcErrors.InstanceNotFound(request.Instance.Value);
            if (nodes.Find(targetId) is not { } target)
                return RpcErrors.NodeNotFound(targetId.Value);
            if (held.Primary is not { } sourceId)
                return RpcErrors.Of(MigrationRules.InFlight(request.Instance, MigrationId.Of(held.First)), targetId.Value);

            var source = nodes.Find(sourceId.NodeKey)!;
            var outcome = validateOnly
                ? Validate(target.View, source.View, sourceId, request, reply)
                : await StartAsync(target, source, sourceId, request, stamp, reply);
            if (outcome.Refusal?.Kind != RefusalKind.ClaimNotLive)
                return CallResult<TReply>.Of(outcome, (outcome.Refusal?.Kind == RefusalKind.ClaimWrongState ? source : target).View.Id.Value);
            // The instance is gone from there: released, or moved by a confirm that came first.
            if (fleet.Instances.TryFind(request.Instance, out var now) && now == held)
                return RpcErrors.InstanceNotFound(request.Instance.Value);
        }

        return RpcErrors.QueueFull();
    }

    /// <summary>Notes the progress of a move and renews its lease.</summary>
    public async ValueTask<CallResult<TReply>> UpdateAsync<TReply>(
        MigrationId id, MigrationStep step, string reason, TimeSpan lease, long? generation, RequestStamp stamp, Reply<TReply> reply,
        CancellationToken cancellation)
        where TReply : class, IMessage
    {
        if (nodes.Find(id.NodeKey) is not { } target)
            return RpcErrors.MigrationNotFound(id);
        var command = new NodeCommand(
            node =>
            {
                var now = fleet.Now;
                return MigrationRules.Update(node, id, step, reason, generation, now.Add(lease), now);
            },
            (node, _) => reply(ToContract(node.Migrations[id.Sequence]), null),
            stamp,
            cancellation);
        target.Post(command);
        return await AnswerAsync(await command.Completion, target, id, step, ofResize: null, reply, stamp);
    }

    /// <summary>Ends a move so that the instance stays on the source.</summary>
    public ValueTask<CallResult<TReply>> EndAsync<TReply>(
        MigrationId id, MigrationStep step, bool? ofResize, string reason, long? generation, RequestStamp stamp, Reply<TReply> reply)
        where TReply : class, IMessage
    {
        return EndAsync(
            id,
            step,
            ofResize,
            (target, source) => MigrationRules.End(target, source, id, step, ofResize, reason, generation, fleet.Now),
            (ended, _, source) => source.Claims.TryGetValue(ended.After.Source.Sequence, out var stays) ? ContractMapping.ToContract(stays, source.Id) : null,
            reply,
            stamp);
    }

    /// <summary>Ends a move so that the instance stays on the target.</summary>
    public ValueTask<CallResult<TReply>> ConfirmAsync<TReply>(
        MigrationId id, bool ofResize, long? generation, RequestStamp stamp, Reply<TReply> reply)
        where TReply : class, IMessage
    {
        return EndAsync(
            id,
            MigrationStep.Confirm,
            ofResize,
            (target, source) => MigrationRules.Confirm(target, source, id, ofResize, generation, fleet.Now),
            (ended, target, _) => ContractMapping.ToContract(ended.TargetAfter, target.Id),
            reply,
            stamp);
    }

    private async ValueTask<CallResult<TReply>> EndAsync<TReply>(
        MigrationId id, MigrationStep step, bool? ofResize, Func<NodeView, NodeView, MoveDecision> decide,
        Func<MigrationChanged, NodeView, NodeView, V1.Claim?> claimLeft, Reply<TReply> reply, RequestStamp stamp)
        where TReply : class, IMessage
    {
        if (nodes.Find(id.NodeKey) is not { } target)
            return RpcErrors.MigrationNotFound(id);
        // The store shows a move a moment before its node does, to those who list moves.
        var known = target.View.Migrations.GetValueOrDefault(id.Sequence) ?? Stored(id);
        if (known is not { } inFlight || !inFlight.State.IsInFlight())
            return await KeptAnswers.KeepAsync(target, ExplainEnded(id, known, step, ofResize, reply), stamp, CancellationToken.None);

        var move = new MoveStep(
            fleet,
            stamp,
            target,
            nodes.Find(inFlight.Source.NodeKey)!,
            decide,
            (decision, targetAfter, sourceAfter) =>
            {
                var ended = (MigrationChanged)decision.OnTarget[0];
                return reply(ToContract(ended.After), claimLeft(ended, targetAfter, sourceAfter));
            });
        return await AnswerAsync(await move.PostAsync(), target, id, step, ofResize, reply, stamp);
    }

    private Task<CommandOutcome> StartAsync<TReply>(
        NodeWorker target, NodeWorker source, ClaimId sourceId, MoveRequest request, RequestStamp stamp, StartReply<TReply> reply)
        where TReply : class, IMessage
    {
        var targetId = nodes.NextClaimId(target.View.NodeKey);
        var step = new MoveStep(
            fleet,
            stamp,
            target,
            source,
            (targetNode, sourceNode) => Start(targetNode, sourceNode, sourceId, request, targetId, fleet.Now),
            (decision, targetAfter, _) => Started((MigrationChanged)decision.OnTarget[^1], targetAfter, reply));
        return step.PostAsync();
    }

    private CommandOutcome Validate<TReply>(NodeView target, NodeView source, ClaimId sourceId, MoveRequest request, StartReply<TReply> reply)
        where TReply : class, IMessage
    {
        var decision = Start(target, source, sourceId, request, new ClaimId(target.NodeKey, 0), fleet.Now);
        if (decision.Refusal is { } refusal)
            return new CommandOutcome(CommandStatus.Refused, Refusal: refusal);
        return new CommandOutcome(CommandStatus.Accepted, Started((MigrationChanged)decision.OnTarget[^1], target, (migration, claim, held) =>
        {
            (migration.MigrationId, migration.TargetClaimId, claim.ClaimId, claim.MigrationId) = ("", "", "", "");
            return reply(migration, claim, held);
        }));
    }

    private MoveDecision Start(NodeView target, NodeView source, ClaimId sourceId, MoveRequest request, ClaimId targetId, Instant now)
    {
        if (source.Claims.ContainsKey(sourceId.Sequence)
            && fleet.Instances.TryFind(request.Instance, out var held) && held.MoveTarget is { } moving)
            return MoveDecision.Refuse(MigrationRules.InFlight(request.Instance, MigrationId.Of(moving)));
        var decision = MigrationRules.Claim(
            source, sourceId, target, request, targetId, now, fleet.Instances.ObservedOf(request.Instance, target.NodeKey));
        return new MoveDecision(decision.Changes, [], decision.Refusal);
    }

    private TReply Started<TReply>(MigrationChanged started, NodeView target, StartReply<TReply> reply) =>
        reply(ToContract(started.After), ContractMapping.ToContract(started.TargetAfter, target.Id, started.After.Id), started.TargetAfter.Request);

    private async ValueTask<CallResult<TReply>> AnswerAsync<TReply>(
        CommandOutcome outcome, NodeWorker target, MigrationId id, MigrationStep step, bool? ofResize, Reply<TReply> reply, RequestStamp stamp)
        where TReply : class, IMessage =>
        outcome.Refusal?.Kind == RefusalKind.MigrationNotInFlight
            ? await KeptAnswers.KeepAsync(target, ExplainEnded(id, Stored(id), step, ofResize, reply), stamp, CancellationToken.None)
            : CallResult<TReply>.Of(outcome, target.View.Id.Value);

    // A move that is not in flight any more: the step was taken before, or another one ended the move, or there never was one.
    private CallResult<TReply> ExplainEnded<TReply>(MigrationId id, Migration? stored, MigrationStep step, bool? ofResize, Reply<TReply> reply)
        where TReply : class, IMessage
    {
        // One in flight began only after the step was decided.
        if (stored is not { } ended || ended.State.IsInFlight())
            return RpcErrors.MigrationNotFound(id);
        var target = nodes.Find(id.NodeKey)!.View;
        if (ofResize is { } wanted && wanted != (ended.Type == MigrationType.Resize))
            return RpcErrors.Of(MigrationRules.WrongType(ended), target.Id.Value);
        if (MigrationTransitions.Next(ended.State, step) is null)
            return RpcErrors.Of(MigrationRules.WrongState(ended, "it has ended"), target.Id.Value);
        return reply(ToContract(ended), step == MigrationStep.Confirm ? TargetClaim(ended, target) : SourceClaim(ended));
    }

    private Migration? Stored(MigrationId id) => reader.FindMigration(id.Sequence) is { } stored && stored.Id == id ? stored : null;

    private V1.Claim? TargetClaim(Migration confirmed, NodeView target)
    {
        var claim = target.Claims.GetValueOrDefault(confirmed.Target.Sequence) ?? reader.FindClaim(confirmed.Target.Sequence);
        return claim is null ? null : ContractMapping.ToContract(claim, target.Id, nodes.MigrationOf(claim));
    }

    // It may be moving again by now.
    private V1.Claim? SourceClaim(Migration ended)
    {
        var source = nodes.Find(ended.Source.NodeKey)!.View;
        return source.Claims.TryGetValue(ended.Source.Sequence, out var claim)
            ? ContractMapping.ToContract(claim, source.Id, nodes.MigrationOf(claim))
            : null;
    }

    private V1.Migration ToContract(Migration migration) => MigrationMapping.ToContract(migration, nodes);
}
