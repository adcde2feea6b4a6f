namespace ResourceService.Server.Tests.Moves;

public sealed class WhenALeaseEnds(SharedService service) : MoveTest(service)
{
    [Theory]
    [InlineData(MigrationType.Resize)]
    [InlineData(MigrationType.LiveMigration)]
    public async Task The_move_ends_and_the_source_is_as_it_was(MigrationType type)
    {
        var (source, migration, target) = await MovingAsync(type, leaseSeconds: 1);

        await ExpiresAsync(migration);

        var expired = await GetMigrationAsync(migration.MigrationId);
        Assert.Equal(("the lease ended", null), (expired.Reason, expired.LeaseExpireTime));
        Assert.NotNull(expired.EndTime);
        Assert.Equal(ClaimState.Expired, (await GetClaimAsync(target.ClaimId)).State);
        var stays = new Claim(source) { UpdateTime = expired.EndTime, NodeGeneration = source.NodeGeneration + 1 };
        Assert.Equal(stays, await GetClaimAsync(source.ClaimId));
        Assert.Equal((2L, 0L), (await UsedAsync(source.NodeId), await UsedAsync(target.NodeId)));
        var recorded = (await EventsAsync(target.NodeId))[^2];
        Assert.Equal((EventKind.InstanceStayed, source.NodeId), ((await EventsAsync(target.NodeId))[^1].Kind, (await EventsAsync(source.NodeId))[^1].NodeId));
        Assert.Equal((EventKind.MigrationExpired, "service", MigrationState.Expired), (recorded.Kind, recorded.Actor, recorded.After.MigrationState));

        var error = RpcFailure.Of(await Assert.ThrowsAsync<RpcException>(() => ConfirmAsync(migration)));
        Assert.Equal(("MIGRATION_WRONG_STATE", "EXPIRED"), (error.Reason, error.Metadata["state"]));
        await MoveAsync(source, target.NodeId, type);
        await VerifyAsync(source.NodeId, target.NodeId);
    }

    [Fact]
    public async Task A_move_that_has_finished_has_none()
    {
        var (source, finished, _) = await MovingAsync(leaseSeconds: 1);
        await UpdateAsync(finished, MigrationState.Finished);
        var (_, other, _) = await MovingAsync(leaseSeconds: 1.5);

        // The other's lease ends after the first one's would have ended.
        await ExpiresAsync(other);

        Assert.Equal(MigrationState.Finished, (await GetMigrationAsync(finished.MigrationId)).State);
        await ConfirmAsync(finished);
        Assert.Equal(0, await UsedAsync(source.NodeId));
    }

    [Fact]
    public async Task An_instance_whose_source_is_gone_holds_nothing_any_more()
    {
        var (source, migration, _) = await MovingAsync(MigrationType.Evacuation, leaseSeconds: 1);
        await DeleteAsync(source.NodeId);

        await ExpiresAsync(migration);

        await Expect.ErrorAsync(
            Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = source.Instance.InstanceId }), StatusCode.NotFound, "INSTANCE_NOT_FOUND");
        await ClaimAsync((await RegisterAsync()).NodeId, instanceId: source.Instance.InstanceId);
    }

    private Task ExpiresAsync(Migration migration) => Eventually.HoldsAsync(
        "the move expires", async () => (await GetMigrationAsync(migration.MigrationId)).State == MigrationState.Expired);
}
