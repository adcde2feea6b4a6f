namespace ResourceService.Server.Tests.UpdateMigration;

public sealed class WhenAMoveMakesProgress(SharedService service) : MoveTest(service)
{
    [Theory]
    [InlineData(MigrationType.Resize)]
    [InlineData(MigrationType.Evacuation)]
    public async Task The_lease_is_renewed_until_it_has_finished(MigrationType type)
    {
        var (_, migration, target) = await MovingAsync(type, leaseSeconds: 60);

        var running = (await Migrations.UpdateMigrationAsync(new UpdateMigrationRequest
        {
            MigrationId = migration.MigrationId,
            State = MigrationState.Running,
            Reason = "copying",
            Lease = Requests.Seconds(3_600),
        })).Migration;

        Assert.Equal((MigrationState.Running, "copying"), (running.State, running.Reason));
        Assert.Equal(running.UpdateTime.ToDateTime().AddHours(1), running.LeaseExpireTime.ToDateTime());
        Assert.Equal(running.LeaseExpireTime, (await GetClaimAsync(target.ClaimId)).LeaseExpireTime);
        Assert.Equal(running.TargetNodeGeneration, (await GetAsync(target.NodeId)).Generation);

        var renewed = (await Migrations.UpdateMigrationAsync(new UpdateMigrationRequest { MigrationId = migration.MigrationId })).Migration;
        Assert.Equal((MigrationState.Running, "copying"), (renewed.State, renewed.Reason));
        Assert.Equal(renewed.UpdateTime.ToDateTime().AddMinutes(10), renewed.LeaseExpireTime.ToDateTime());

        var finished = await UpdateAsync(migration, MigrationState.Finished);
        Assert.Equal((MigrationState.Finished, null), (finished.State, finished.LeaseExpireTime));
        Assert.Equal((ClaimState.Held, null), ((await GetClaimAsync(target.ClaimId)).State, (await GetClaimAsync(target.ClaimId)).LeaseExpireTime));
        Assert.Equal(finished, await UpdateAsync(migration, MigrationState.Finished));
        Assert.Equal(finished, await UpdateAsync(migration, MigrationState.Unspecified));
    }

    [Fact]
    public async Task It_never_goes_back()
    {
        var (_, migration, _) = await MovingAsync();
        await UpdateAsync(migration, MigrationState.Running);

        var error = await Expect.ErrorAsync(
            Migrations.UpdateMigrationAsync(new UpdateMigrationRequest { MigrationId = migration.MigrationId, State = MigrationState.Preparing }),
            StatusCode.FailedPrecondition,
            "MIGRATION_WRONG_STATE");
        Assert.Equal("RUNNING", error.Metadata["state"]);

        await ConfirmAsync(migration);
        error = await Expect.ErrorAsync(
            Migrations.UpdateMigrationAsync(new UpdateMigrationRequest { MigrationId = migration.MigrationId }),
            StatusCode.FailedPrecondition,
            "MIGRATION_WRONG_STATE");
        Assert.Equal("CONFIRMED", error.Metadata["state"]);
    }
}
