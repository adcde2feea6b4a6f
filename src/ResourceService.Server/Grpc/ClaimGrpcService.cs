using Google.Protobuf;
using Grpc.Core;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Claims;
using ResourceService.Server.History;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Grpc;

/// <summary>ClaimService: claims, the steps of their lives, and reading them.</summary>
internal sealed class ClaimGrpcService(
    NodeDirectory nodes, IdempotentCalls calls, ClaimCalls claims, ClaimBatch batch, ClaimStream stream, InstanceSteps instances,
    ClaimQueries queries, IClaimReader reader, FleetServices fleet, RefusalLog refusals) : V1.ClaimService.ClaimServiceBase
{
    public override async Task<V1.ClaimInstanceResponse> ClaimInstance(V1.ClaimInstanceRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var order = ClaimRequests.Read(request, violations);
        var requestId = violations.RequestId("request_id", request.RequestId);
        violations.ThrowIfAny();

        var result = await claims.ClaimAsync(request, order!, requestId, context.Actor(), context.CancellationToken);
        if (result.Error is { } error)
            refusals.Note(nameof(ClaimInstance), context.Actor(), request, error);
        return result.GetOrThrow();
    }

    public override async Task<V1.ClaimInstancesResponse> ClaimInstances(V1.ClaimInstancesRequest request, ServerCallContext context) =>
        (await batch.RunAsync(request, context.Actor(), context.CancellationToken)).GetOrThrow();

    public override Task StreamClaims(
        IAsyncStreamReader<V1.StreamClaimsRequest> requestStream, IServerStreamWriter<V1.StreamClaimsResponse> responseStream,
        ServerCallContext context) =>
        stream.RunAsync(
            context.Limit() is { HasRate: true } limit ? new PacedStream<V1.StreamClaimsRequest>(requestStream, limit) : requestStream,
            responseStream,
            context.Actor(),
            context.CancellationToken);

    public override Task<V1.ConfirmClaimResponse> ConfirmClaim(V1.ConfirmClaimRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = violations.RequiredClaimId("claim_id", request.ClaimId);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        return StepAsync(
            request,
            requestId,
            id,
            (node, now) => ClaimRules.Confirm(node, id, generation, now),
            claim => new V1.ConfirmClaimResponse { Claim = claim },
            V1.ConfirmClaimResponse.Parser,
            repeatOf: null,
            context);
    }

    public override Task<V1.RenewClaimResponse> RenewClaim(V1.RenewClaimRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = violations.RequiredClaimId("claim_id", request.ClaimId);
        var lease = violations.Lease("lease", request.Lease);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        return StepAsync(
            request,
            requestId,
            id,
            (node, now) => ClaimRules.Renew(node, id, generation, now.Add(lease), now),
            claim => new V1.RenewClaimResponse { Claim = claim },
            V1.RenewClaimResponse.Parser,
            repeatOf: null,
            context);
    }

    public override Task<V1.AbortClaimResponse> AbortClaim(V1.AbortClaimRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = violations.RequiredClaimId("claim_id", request.ClaimId);
        var reason = violations.Text("reason", request.Reason, FieldViolations.ReasonLengthMax);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        return StepAsync(
            request,
            requestId,
            id,
            (node, now) => ClaimRules.Abort(node, id, generation, reason, now),
            claim => new V1.AbortClaimResponse { Claim = claim },
            V1.AbortClaimResponse.Parser,
            repeatOf: ClaimState.Aborted,
            context);
    }

    public override async Task<V1.ReleaseInstanceResponse> ReleaseInstance(V1.ReleaseInstanceRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var instance = new InstanceId(violations.RequiredId("instance_id", request.InstanceId));
        var reason = violations.Text("reason", request.Reason, FieldViolations.ReasonLengthMax);
        var requestId = violations.RequestId("request_id", request.RequestId);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.ReleaseInstanceResponse.Parser,
            stamp => instances.ReleaseAsync(instance, reason, stamp, context.CancellationToken),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override async Task<V1.UpdateInstanceResponse> UpdateInstance(V1.UpdateInstanceRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var instance = new InstanceId(violations.RequiredId("instance_id", request.InstanceId));
        violations.Text("vm_state", request.VmState);
        violations.Text("task_state", request.TaskState);
        violations.Text("power_state", request.PowerState);
        violations.Text("os_type", request.OsType);
        violations.OptionalId("project_id", request.ProjectId);
        violations.OptionalId("user_id", request.UserId);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.UpdateInstanceResponse.Parser,
            stamp => instances.UpdateAsync(instance, before => Update(before, request), generation, stamp, context.CancellationToken),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override Task<V1.GetClaimResponse> GetClaim(V1.GetClaimRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = violations.RequiredClaimId("claim_id", request.ClaimId);
        violations.ThrowIfAny();

        var claim = queries.Find(id) ?? throw RpcErrors.ClaimNotFound(request.ClaimId).ToException();
        return Task.FromResult(new V1.GetClaimResponse { Claim = claim });
    }

    public override Task<V1.ListClaimsResponse> ListClaims(V1.ListClaimsRequest request, ServerCallContext context) =>
        Task.FromResult(queries.List(request, context.CancellationToken));

    // One step of a claim's life, on its node.
    private async Task<TReply> StepAsync<TReply>(
        IMessage request, Guid? requestId, ClaimId id, Func<NodeView, Instant, Decision> decide, Func<V1.Claim, TReply> reply,
        MessageParser<TReply> parser, ClaimState? repeatOf, ServerCallContext context)
        where TReply : class, IMessage<TReply>
    {
        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            parser,
            async stamp =>
            {
                if (nodes.Find(id.NodeKey) is not { } worker)
                    return RpcErrors.ClaimNotFound(id.ToString());
                var command = new NodeCommand(
                    node => decide(node, fleet.Now), (node, decision) => reply(ToContract(ClaimAfter(node, id, decision), node)), stamp, context.CancellationToken);
                worker.Post(command);
                var outcome = await command.Completion;
                return outcome.Refusal?.Kind == RefusalKind.ClaimNotLive
                    ? await KeptAnswers.KeepAsync(worker, ExplainEnded(id, worker.View, repeatOf, reply), stamp, context.CancellationToken)
                    : CallResult<TReply>.Of(outcome, worker.View.Id.Value);
            },
            context.CancellationToken);
        return result.GetOrThrow();
    }

    // A claim that holds nothing any more: the step was taken before, or another one ended the claim, or there never was one.
    private CallResult<TReply> ExplainEnded<TReply>(ClaimId id, NodeView node, ClaimState? repeatOf, Func<V1.Claim, TReply> reply)
        where TReply : class, IMessage
    {
        if (reader.FindClaim(id.Sequence) is not { } ended || ended.Id != id)
            return RpcErrors.ClaimNotFound(id.ToString());
        return ended.State == repeatOf && ended.Role == ClaimRole.Primary ? reply(ToContract(ended, node)) : RpcErrors.ClaimEnded(ended);
    }

    private static Claim ClaimAfter(NodeView node, ClaimId id, Decision decision) =>
        decision.Changes.Count > 0 ? ((ClaimChanged)decision.Changes[0]).After : node.Claims[id.Sequence];

    private V1.Claim ToContract(Claim claim, NodeView node) => ContractMapping.ToContract(claim, node.Id, nodes.MigrationOf(claim));

    private static Instance Update(Instance before, V1.UpdateInstanceRequest request) => before with
    {
        VmState = request.HasVmState ? request.VmState : before.VmState,
        TaskState = request.HasTaskState ? request.TaskState : before.TaskState,
        PowerState = request.HasPowerState ? request.PowerState : before.PowerState,
        OsType = request.HasOsType ? request.OsType : before.OsType,
        ProjectId = request.HasProjectId ? request.ProjectId : before.ProjectId,
        UserId = request.HasUserId ? request.UserId : before.UserId,
    };
}
