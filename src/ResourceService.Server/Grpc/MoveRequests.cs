using ResourceService.Ledger;
using ResourceService.Ledger.Migrations;

namespace ResourceService.Server.Grpc;

/// <summary>Reads the requests about moves, checking every field.</summary>
internal static class MoveRequests
{
    /// <summary>The resize that is wanted; null after a violation.</summary>
    public static MoveRequest? Read(V1.ClaimResizeRequest message, FieldViolations violations)
    {
        var instance = new InstanceId(violations.RequiredId("instance_id", message.InstanceId));
        violations.RequiredId("target_node_id", message.TargetNodeId);
        var resources = ResourceRequests.Read(message.Resources, violations);
        var lease = violations.Lease("lease", message.Lease);
        var generation = violations.Generation("expected_generation", message.HasExpectedGeneration, message.ExpectedGeneration);
        return violations.None ? new MoveRequest(MigrationType.Resize, instance, resources, lease, generation) : null;
    }

    /// <summary>The migration that is wanted; null after a violation.</summary>
    public static MoveRequest? Read(V1.ClaimMigrationRequest message, FieldViolations violations)
    {
        var type = violations.Enum("type", message.Type, required: true);
        if (type == V1.MigrationType.Resize)
            violations.Add("type", "must be COLD_MIGRATION, LIVE_MIGRATION or EVACUATION; use ResizeService for a resize");
        var instance = new InstanceId(violations.RequiredId("instance_id", message.InstanceId));
        violations.RequiredId("target_node_id", message.TargetNodeId);
        var resources = message.Resources is null ? null : ResourceRequests.Read(message.Resources, violations);
        var lease = violations.Lease("lease", message.Lease);
        var generation = violations.Generation("expected_generation", message.HasExpectedGeneration, message.ExpectedGeneration);
        return violations.None ? new MoveRequest(MigrationMapping.ToLedger(type), instance, resources, lease, generation) : null;
    }

    /// <summary>How far a move is, in the field <c>state</c>.</summary>
    public static MigrationStep Progress(V1.MigrationState state, FieldViolations violations)
    {
        switch (violations.Enum("state", state, required: false))
        {
            case V1.MigrationState.Unspecified:
                return MigrationStep.Renew;
            case V1.MigrationState.Preparing:
                return MigrationStep.Prepare;
            case V1.MigrationState.Running:
                return MigrationStep.Run;
            case V1.MigrationState.Finished:
                return MigrationStep.Finish;
            case var ended when Enum.IsDefined(ended):
                violations.Add("state", "must be PREPARING, RUNNING or FINISHED; confirm, revert or fail the move to end it");
                return MigrationStep.Renew;
            default:
                return MigrationStep.Renew;
        }
    }
}
