namespace ResourceService.Server.Tests.ConfirmMigration;

public sealed class WhenAMoveIsConfirmed(SharedService service) : MoveTest(service)
{
    [Fact]
    public async Task The_instance_lives_on_the_target_with_what_is_known_of_it_by_now()
    {
        var (source, migration, target) = await MovingAsync();
        await Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = source.Instance.InstanceId, VmState = "active", TaskState = "migrating" });

        var (confirmed, claim) = await ConfirmAsync(migration);

        Assert.Equal((MigrationState.Confirmed, migration.MigrationId), (confirmed.State, confirmed.MigrationId));
        Assert.Equal((confirmed.UpdateTime, null), (confirmed.EndTime, confirmed.LeaseExpireTime));
        Assert.Equal(
            (target.ClaimId, ClaimRole.Primary, ClaimState.Active, "", ""), (claim.ClaimId, claim.Role, claim.State, claim.MigrationId, claim.EndReason));
        Assert.Equal(("active", "migrating"), (claim.Instance.VmState, claim.Instance.TaskState));
        Assert.Null(claim.LeaseExpireTime);
        Assert.Equal(claim, await GetClaimAsync(claim.ClaimId));
        var released = await GetClaimAsync(source.ClaimId);
        Assert.Equal((ClaimState.Released, "", "the instance moved away"), (released.State, released.MigrationId, released.EndReason));
        Assert.Equal((0L, 3L), (await UsedAsync(source.NodeId), await UsedAsync(target.NodeId)));

        // It goes on from there.
        await Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = source.Instance.InstanceId, TaskState = "" });
        Assert.Equal(1, (await GetAsync(target.NodeId)).Statistics.InstancesByVmState["active"]);
        var (back, _) = await MoveAsync(claim, source.NodeId);
        await ConfirmAsync(back);
        Assert.Single(await ReleaseAsync(source));
        await VerifyAsync(source.NodeId, target.NodeId);
    }

    [Fact]
    public async Task The_history_tells_the_move_under_both_nodes_and_the_release_of_the_source()
    {
        var (source, migration, target) = await MovingAsync(MigrationType.LiveMigration);
        await UpdateAsync(migration, MigrationState.Running);
        var request = new ConfirmMigrationRequest { MigrationId = migration.MigrationId, RequestId = Unique.RequestId() };
        await Migrations.ConfirmMigrationAsync(request);

        var ofMove = (await Audits.ListEventsAsync(new ListEventsRequest { MigrationId = migration.MigrationId })).Events;

        Assert.Equal(
            [EventKind.MigrationClaimed, EventKind.MigrationUpdated, EventKind.MigrationConfirmed, EventKind.ClaimReleased], ofMove.Select(item => item.Kind));
        Assert.Equal([target.NodeId, target.NodeId, target.NodeId, source.NodeId], ofMove.Select(item => item.NodeId));
        Assert.Equal([target.ClaimId, target.ClaimId, target.ClaimId, source.ClaimId], ofMove.Select(item => item.ClaimId));
        Assert.All(ofMove, item => Assert.Equal((migration.MigrationId, source.Instance.InstanceId), (item.MigrationId, item.InstanceId)));
        Assert.Null(ofMove[0].Before);
        Assert.Equal(
            [MigrationState.Preparing, MigrationState.Running, MigrationState.Confirmed, MigrationState.Unspecified],
            ofMove.Select(item => item.After.MigrationState));
        Assert.Equal(
            [ClaimRole.MoveTarget, ClaimRole.MoveTarget, ClaimRole.Primary, ClaimRole.Primary], ofMove.Select(item => item.After.ClaimRole));
        Assert.Equal((ClaimRole.MoveTarget, MigrationState.Running), (ofMove[2].Before.ClaimRole, ofMove[2].Before.MigrationState));
        Assert.Equal(ofMove[0].After.LeaseExpireTime, migration.LeaseExpireTime);
        Assert.Equal([3L, 3L, 3L], ofMove.Take(3).Select(item => item.Used["VCPU"]));
        Assert.Empty(ofMove[3].Used);
        Assert.Equal([request.RequestId, request.RequestId], ofMove.Skip(2).Select(item => item.RequestId));
        Assert.Equal(ofMove, (await EventsAsync(source.NodeId)).Where(item => item.MigrationId.Length > 0));
        Assert.Equal(ofMove, (await EventsAsync(target.NodeId)).Where(item => item.MigrationId.Length > 0));
    }

    [Theory]
    [InlineData(MigrationType.Resize)]
    [InlineData(MigrationType.Evacuation)]
    public async Task A_repeat_gets_the_result_also_when_the_instance_has_ended_since(MigrationType type)
    {
        var (source, migration, _) = await MovingAsync(type);
        var (confirmed, claim) = await ConfirmAsync(migration);

        Assert.Equal((confirmed, claim), await ConfirmAsync(migration));

        await ReleaseAsync(source);
        var (again, ended) = await ConfirmAsync(migration);
        Assert.Equal((confirmed, claim.ClaimId, ClaimState.Released), (again, ended.ClaimId, ended.State));
        await Expect.ErrorAsync(
            Migrations.FailMigrationAsync(new FailMigrationRequest { MigrationId = migration.MigrationId }),
            StatusCode.FailedPrecondition,
            "MIGRATION_WRONG_STATE");
    }

    [Fact]
    public async Task Another_end_that_came_first_is_told()
    {
        var (_, migration, _) = await MovingAsync();
        await RevertAsync(migration);

        var error = await Expect.ErrorAsync(
            Migrations.ConfirmMigrationAsync(new ConfirmMigrationRequest { MigrationId = migration.MigrationId }),
            StatusCode.FailedPrecondition,
            "MIGRATION_WRONG_STATE");

        Assert.Equal(("REVERTED", migration.MigrationId), (error.Metadata["state"], error.Metadata["migration_id"]));
    }

    [Fact]
    public async Task Each_service_ends_its_own_moves()
    {
        var (_, resize, _) = await MovingAsync(MigrationType.Resize);
        var (_, migration, _) = await MovingAsync(MigrationType.LiveMigration);

        foreach (var ended in new[] { false, true })
        {
            var wrong = await Expect.ErrorAsync(
                Resizes.ConfirmResizeAsync(new ConfirmResizeRequest { MigrationId = migration.MigrationId }),
                StatusCode.FailedPrecondition,
                "MIGRATION_WRONG_TYPE");
            Assert.Equal("LIVE_MIGRATION", wrong.Metadata["type"]);
            wrong = await Expect.ErrorAsync(
                Migrations.RevertMigrationAsync(new RevertMigrationRequest { MigrationId = resize.MigrationId }),
                StatusCode.FailedPrecondition,
                "MIGRATION_WRONG_TYPE");
            Assert.Equal("RESIZE", wrong.Metadata["type"]);
            if (ended)
                break;
            await ConfirmAsync(resize);
            await ConfirmAsync(migration);
        }
    }

    [Fact]
    public async Task A_stale_generation_of_the_target_is_refused()
    {
        var (_, migration, _) = await MovingAsync();

        await Expect.ErrorAsync(
            Migrations.ConfirmMigrationAsync(new ConfirmMigrationRequest { MigrationId = migration.MigrationId, ExpectedGeneration = 1 }),
            StatusCode.Aborted,
            "STALE_GENERATION");

        await Migrations.ConfirmMigrationAsync(
            new ConfirmMigrationRequest { MigrationId = migration.MigrationId, ExpectedGeneration = migration.TargetNodeGeneration });
    }

    [Theory]
    [InlineData("m-1-999999999")]
    [InlineData("m-999999-1")]
    [InlineData("m-0-0")]
    public async Task A_move_that_never_was_is_not_found(string id)
    {
        await RegisterAsync();

        var error = await Expect.ErrorAsync(
            Migrations.ConfirmMigrationAsync(new ConfirmMigrationRequest { MigrationId = id }), StatusCode.NotFound, "MIGRATION_NOT_FOUND");
        Assert.Equal(id, error.Metadata["migration_id"]);
        await Expect.ErrorAsync(
            Resizes.RevertResizeAsync(new RevertResizeRequest { MigrationId = id }), StatusCode.NotFound, "MIGRATION_NOT_FOUND");
        await Expect.ErrorAsync(
            Migrations.UpdateMigrationAsync(new UpdateMigrationRequest { MigrationId = id }), StatusCode.NotFound, "MIGRATION_NOT_FOUND");
        await Expect.ErrorAsync(
            Migrations.GetMigrationAsync(new GetMigrationRequest { MigrationId = id }), StatusCode.NotFound, "MIGRATION_NOT_FOUND");
    }
}
