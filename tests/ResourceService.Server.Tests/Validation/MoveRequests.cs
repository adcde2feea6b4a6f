using static ResourceService.Server.Tests.Validation.BadFields;

namespace ResourceService.Server.Tests.Validation;

/// <summary>Every rule of ResizeService's and MigrationService's requests, broken once.</summary>
internal static class MoveRequests
{
    public static IEnumerable<BadField> Rows =>
    [
        .. Of(
            () => new ClaimResizeRequest { InstanceId = "instance-1", TargetNodeId = "node-1", Resources = Requests.Resources() },
            RequiredId<ClaimResizeRequest>("instance_id", (request, id) => request.InstanceId = id),
            RequiredId<ClaimResizeRequest>("target_node_id", (request, id) => request.TargetNodeId = id),
            Resources<ClaimResizeRequest>("resources", (request, value) => request.Resources = value, request => request.Resources),
            Lease<ClaimResizeRequest>((request, lease) => request.Lease = lease),
            RequestId<ClaimResizeRequest>((request, id) => request.RequestId = id),
            Number<ClaimResizeRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new ConfirmResizeRequest { MigrationId = "m-1-1" },
            MigrationId<ConfirmResizeRequest>((request, id) => request.MigrationId = id),
            RequestId<ConfirmResizeRequest>((request, id) => request.RequestId = id),
            Number<ConfirmResizeRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new RevertResizeRequest { MigrationId = "m-1-1" },
            MigrationId<RevertResizeRequest>((request, id) => request.MigrationId = id),
            Text<RevertResizeRequest>("reason", 1024, (request, text) => request.Reason = text),
            RequestId<RevertResizeRequest>((request, id) => request.RequestId = id),
            Number<RevertResizeRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new ClaimMigrationRequest
            {
                Type = MigrationType.ColdMigration,
                InstanceId = "instance-1",
                TargetNodeId = "node-1",
                Resources = Requests.Resources(),
            },
            One<ClaimMigrationRequest>("type", "missing", request => request.Type = MigrationType.Unspecified),
            One<ClaimMigrationRequest>("type", "of the other service", request => request.Type = MigrationType.Resize),
            One<ClaimMigrationRequest>("type", "unknown", request => request.Type = (MigrationType)99),
            RequiredId<ClaimMigrationRequest>("instance_id", (request, id) => request.InstanceId = id),
            RequiredId<ClaimMigrationRequest>("target_node_id", (request, id) => request.TargetNodeId = id),
            Resources<ClaimMigrationRequest>("resources", (request, value) => request.Resources = value, request => request.Resources)
                .Where(row => row.Rule != "missing"),
            Lease<ClaimMigrationRequest>((request, lease) => request.Lease = lease),
            RequestId<ClaimMigrationRequest>((request, id) => request.RequestId = id),
            Number<ClaimMigrationRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new UpdateMigrationRequest { MigrationId = "m-1-1" },
            MigrationId<UpdateMigrationRequest>((request, id) => request.MigrationId = id),
            One<UpdateMigrationRequest>("state", "an end", request => request.State = MigrationState.Confirmed),
            One<UpdateMigrationRequest>("state", "unknown", request => request.State = (MigrationState)99),
            Text<UpdateMigrationRequest>("reason", 1024, (request, text) => request.Reason = text),
            Lease<UpdateMigrationRequest>((request, lease) => request.Lease = lease),
            RequestId<UpdateMigrationRequest>((request, id) => request.RequestId = id),
            Number<UpdateMigrationRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new ConfirmMigrationRequest { MigrationId = "m-1-1" },
            MigrationId<ConfirmMigrationRequest>((request, id) => request.MigrationId = id),
            RequestId<ConfirmMigrationRequest>((request, id) => request.RequestId = id),
            Number<ConfirmMigrationRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new RevertMigrationRequest { MigrationId = "m-1-1" },
            MigrationId<RevertMigrationRequest>((request, id) => request.MigrationId = id),
            Text<RevertMigrationRequest>("reason", 1024, (request, text) => request.Reason = text),
            RequestId<RevertMigrationRequest>((request, id) => request.RequestId = id),
            Number<RevertMigrationRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new FailMigrationRequest { MigrationId = "m-1-1" },
            MigrationId<FailMigrationRequest>((request, id) => request.MigrationId = id),
            Text<FailMigrationRequest>("reason", 1024, (request, text) => request.Reason = text),
            RequestId<FailMigrationRequest>((request, id) => request.RequestId = id),
            Number<FailMigrationRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(() => new GetMigrationRequest(), MigrationId<GetMigrationRequest>((request, id) => request.MigrationId = id)),
        .. Of(
            () => new ListMigrationsRequest(),
            Id<ListMigrationsRequest>("node_id", (request, id) => request.NodeId = id),
            Id<ListMigrationsRequest>("instance_id", (request, id) => request.InstanceId = id),
            One<ListMigrationsRequest>("states[0]", "unspecified", request => request.States.Add(MigrationState.Unspecified)),
            One<ListMigrationsRequest>("states[0]", "unknown", request => request.States.Add((MigrationState)99)),
            One<ListMigrationsRequest>("states", "with 17 elements", request => request.States.Add(Enumerable.Repeat(MigrationState.Running, 17))),
            One<ListMigrationsRequest>("types[0]", "unspecified", request => request.Types_.Add(MigrationType.Unspecified)),
            One<ListMigrationsRequest>("types[0]", "unknown", request => request.Types_.Add((MigrationType)99)),
            One<ListMigrationsRequest>("types", "with 17 elements", request => request.Types_.Add(Enumerable.Repeat(MigrationType.Resize, 17))),
            PageSize<ListMigrationsRequest>((request, size) => request.PageSize = size)),
    ];
}
