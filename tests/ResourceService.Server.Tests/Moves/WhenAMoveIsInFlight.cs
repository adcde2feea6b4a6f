namespace ResourceService.Server.Tests.Moves;

public sealed class WhenAMoveIsInFlight(SharedService service) : MoveTest(service)
{
    [Fact]
    public async Task Only_the_move_decides_about_its_target()
    {
        var (_, migration, target) = await MovingAsync();

        var confirm = await Expect.ErrorAsync(
            Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = target.ClaimId }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");
        var renew = await Expect.ErrorAsync(
            Claims.RenewClaimAsync(new RenewClaimRequest { ClaimId = target.ClaimId }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");
        var abort = await Expect.ErrorAsync(
            Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = target.ClaimId }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");

        Assert.All([confirm, renew, abort], error => Assert.Contains(migration.MigrationId, error.Message, StringComparison.Ordinal));
        Assert.Equal(target, await GetClaimAsync(target.ClaimId));
    }

    [Fact]
    public async Task The_instance_lives_on_the_source()
    {
        var (source, _, target) = await MovingAsync();

        var updated = await Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = source.Instance.InstanceId, TaskState = "resize_migrating" });

        var (left, right) = (await GetAsync(source.NodeId), await GetAsync(target.NodeId));
        Assert.Equal(left.Generation, updated.NodeGeneration);
        Assert.Equal((1, 1, 0, 0), (left.Statistics.InstanceCount, left.Statistics.IoWorkload, right.Statistics.InstanceCount, right.Statistics.IoWorkload));
        Assert.Equal((1, 1), (left.ClaimCount, right.ClaimCount));
    }

    [Fact]
    public async Task Both_claims_are_listed_and_name_the_move()
    {
        var (source, migration, target) = await MovingAsync();

        var ofInstance = (await Claims.ListClaimsAsync(new ListClaimsRequest { InstanceId = source.Instance.InstanceId })).Claims;
        var ofNode = Assert.Single((await Claims.ListClaimsAsync(new ListClaimsRequest { NodeId = target.NodeId })).Claims);
        var ofProject = (await Claims.ListClaimsAsync(new ListClaimsRequest { ProjectId = "project-1", NodeId = source.NodeId })).Claims;

        Assert.Equal([source.ClaimId, target.ClaimId], ofInstance.Select(claim => claim.ClaimId));
        Assert.Equal([ClaimRole.Primary, ClaimRole.MoveTarget], ofInstance.Select(claim => claim.Role));
        Assert.All([.. ofInstance, ofNode, .. ofProject], claim => Assert.Equal(migration.MigrationId, claim.MigrationId));
        // A repeated confirm of the source's claim tells of the move as well.
        Assert.Equal(
            migration.MigrationId, (await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = source.ClaimId })).Claim.MigrationId);
    }

    [Fact]
    public async Task It_cannot_be_claimed_anew_even_when_its_source_is_gone()
    {
        var (source, migration, target) = await MovingAsync(MigrationType.Evacuation);
        var other = await RegisterAsync();
        var claim = Requests.Claim(other.NodeId, source.Instance.InstanceId);

        var error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.AlreadyExists, "INSTANCE_ALREADY_CLAIMED");
        Assert.Equal((source.ClaimId, source.NodeId), (error.Metadata["claim_id"], error.Metadata["node_id"]));
        await DeleteAsync(source.NodeId);
        error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.AlreadyExists, "INSTANCE_ALREADY_CLAIMED");
        Assert.Equal((target.ClaimId, target.NodeId), (error.Metadata["claim_id"], error.Metadata["node_id"]));
        var start = new ClaimMigrationRequest { Type = MigrationType.Evacuation, InstanceId = source.Instance.InstanceId, TargetNodeId = other.NodeId };
        await Expect.ErrorAsync(Migrations.ClaimMigrationAsync(start), StatusCode.FailedPrecondition, "MIGRATION_IN_FLIGHT");

        // What is told of it meanwhile is kept, and it arrives.
        await Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = source.Instance.InstanceId, VmState = "active" });
        var (_, arrived) = await ConfirmAsync(migration);
        Assert.Equal("active", arrived.Instance.VmState);
        var recorded = (await EventsAsync(target.NodeId)).Single(item => item.Kind == EventKind.InstanceUpdated);
        Assert.Equal((migration.MigrationId, ClaimRole.MoveTarget), (recorded.MigrationId, recorded.After.ClaimRole));
    }

    [Fact]
    public async Task A_node_that_holds_a_target_is_not_deleted_without_force()
    {
        var (_, migration, target) = await MovingAsync();

        await Expect.ErrorAsync(
            Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = target.NodeId }), StatusCode.FailedPrecondition, "NODE_HOLDS_CLAIMS");

        var deleted = await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = target.NodeId, Force = true });
        Assert.Equal(1, deleted.ReleasedClaimCount);
        Assert.Equal(
            [EventKind.MigrationFailed, EventKind.NodeDeleted, EventKind.InstanceStayed], (await EventsAsync(target.NodeId)).TakeLast(3).Select(item => item.Kind));
        Assert.Equal(MigrationState.Failed, (await GetMigrationAsync(migration.MigrationId)).State);
    }
}
