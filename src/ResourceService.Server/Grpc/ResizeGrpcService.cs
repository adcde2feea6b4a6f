using Grpc.Core;
using ResourceService.Ledger;
using ResourceService.Ledger.Migrations;
using ResourceService.Server.History;
using ResourceService.Server.Moves;
using ResourceService.Server.Nodes;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Grpc;

/// <summary>ResizeService: an instance gets other amounts. A resize is a move like the others; only its start and its end differ.</summary>
internal sealed class ResizeGrpcService(MoveSteps moves, IdempotentCalls calls, ServiceMetrics metrics, RefusalLog refusals) : V1.ResizeService.ResizeServiceBase
{
    public override async Task<V1.ClaimResizeResponse> ClaimResize(V1.ClaimResizeRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var move = MoveRequests.Read(request, violations);
        var requestId = violations.RequestId("request_id", request.RequestId);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            request.ValidateOnly ? null : requestId,
            context.Actor(),
            V1.ClaimResizeResponse.Parser,
            stamp => moves.ClaimAsync(
                move!,
                new NodeId(request.TargetNodeId),
                request.ValidateOnly,
                stamp,
                static (migration, claim, held) =>
                {
                    var response = new V1.ClaimResizeResponse { Migration = migration, Claim = claim };
                    response.Warnings.Warn(held);
                    return response;
                }),
            context.CancellationToken);
        if (!request.ValidateOnly)
            metrics.ClaimAnswered(result.Error);
        if (result.Error is { } error)
            refusals.Note(context.Actor(), request, error);
        return result.GetOrThrow();
    }

    public override async Task<V1.ConfirmResizeResponse> ConfirmResize(V1.ConfirmResizeRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = violations.RequiredMigrationId("migration_id", request.MigrationId);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.ConfirmResizeResponse.Parser,
            stamp => moves.ConfirmAsync(
                id,
                ofResize: true,
                generation,
                stamp,
                static (migration, claim) => new V1.ConfirmResizeResponse { Migration = migration, Claim = claim }),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override async Task<V1.RevertResizeResponse> RevertResize(V1.RevertResizeRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = violations.RequiredMigrationId("migration_id", request.MigrationId);
        var reason = violations.Text("reason", request.Reason, FieldViolations.ReasonLengthMax);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.RevertResizeResponse.Parser,
            stamp => moves.EndAsync(
                id,
                MigrationStep.Revert,
                ofResize: true,
                reason,
                generation,
                stamp,
                static (migration, claim) => new V1.RevertResizeResponse { Migration = migration, Claim = claim }),
            context.CancellationToken);
        return result.GetOrThrow();
    }
}
