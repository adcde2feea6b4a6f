using Grpc.Core;
using ResourceService.Ledger;
using ResourceService.Ledger.Migrations;
using ResourceService.Server.History;
using ResourceService.Server.Moves;
using ResourceService.Server.Nodes;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Grpc;

/// <summary>MigrationService: moves to other nodes, and the progress and the reading of moves of every type.</summary>
internal sealed class MigrationGrpcService(MoveSteps moves, MigrationQueries queries, IdempotentCalls calls, ServiceMetrics metrics, RefusalLog refusals)
    : V1.MigrationService.MigrationServiceBase
{
    public override async Task<V1.ClaimMigrationResponse> ClaimMigration(V1.ClaimMigrationRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var move = MoveRequests.Read(request, violations);
        var requestId = violations.RequestId("request_id", request.RequestId);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            request.ValidateOnly ? null : requestId,
            context.Actor(),
            V1.ClaimMigrationResponse.Parser,
            stamp => moves.ClaimAsync(
                move!,
                new NodeId(request.TargetNodeId),
                request.ValidateOnly,
                stamp,
                static (migration, claim, held) =>
                {
                    var response = new V1.ClaimMigrationResponse { Migration = migration, Claim = claim };
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

    public override async Task<V1.UpdateMigrationResponse> UpdateMigration(V1.UpdateMigrationRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = violations.RequiredMigrationId("migration_id", request.MigrationId);
        var step = MoveRequests.Progress(request.State, violations);
        var reason = violations.Text("reason", request.Reason, FieldViolations.ReasonLengthMax);
        var lease = violations.Lease("lease", request.Lease);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.UpdateMigrationResponse.Parser,
            stamp => moves.UpdateAsync(
                id,
                step,
                reason,
                lease,
                generation,
                stamp,
                static (migration, _) => new V1.UpdateMigrationResponse { Migration = migration },
                context.CancellationToken),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override async Task<V1.ConfirmMigrationResponse> ConfirmMigration(V1.ConfirmMigrationRequest request, ServerCallContext context)
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
            V1.ConfirmMigrationResponse.Parser,
            stamp => moves.ConfirmAsync(
                id,
                ofResize: false,
                generation,
                stamp,
                static (migration, claim) => new V1.ConfirmMigrationResponse { Migration = migration, Claim = claim }),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override async Task<V1.RevertMigrationResponse> RevertMigration(V1.RevertMigrationRequest request, ServerCallContext context)
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
            V1.RevertMigrationResponse.Parser,
            stamp => moves.EndAsync(
                id,
                MigrationStep.Revert,
                ofResize: false,
                reason,
                generation,
                stamp,
                static (migration, claim) => new V1.RevertMigrationResponse { Migration = migration, Claim = claim }),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override async Task<V1.FailMigrationResponse> FailMigration(V1.FailMigrationRequest request, ServerCallContext context)
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
            V1.FailMigrationResponse.Parser,
            stamp => moves.EndAsync(
                id,
                MigrationStep.Fail,
                ofResize: null,
                reason,
                generation,
                stamp,
                static (migration, claim) => new V1.FailMigrationResponse { Migration = migration, Claim = claim }),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override Task<V1.GetMigrationResponse> GetMigration(V1.GetMigrationRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = violations.RequiredMigrationId("migration_id", request.MigrationId);
        violations.ThrowIfAny();

        var migration = queries.Find(id) ?? throw RpcErrors.MigrationNotFound(id).ToException();
        return Task.FromResult(new V1.GetMigrationResponse { Migration = migration });
    }

    public override Task<V1.ListMigrationsResponse> ListMigrations(V1.ListMigrationsRequest request, ServerCallContext context) =>
        Task.FromResult(queries.List(request, context.CancellationToken));
}
