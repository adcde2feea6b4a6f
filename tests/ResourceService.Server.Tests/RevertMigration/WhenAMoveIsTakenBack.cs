namespace ResourceService.Server.Tests.RevertMigration;

public sealed class WhenAMoveIsTakenBack(SharedService service) : MoveTest(service)
{
    [Theory]
    [InlineData(MigrationType.Resize, false)]
    [InlineData(MigrationType.Resize, true)]
    [InlineData(MigrationType.ColdMigration, false)]
    [InlineData(MigrationType.LiveMigration, true)]
    public async Task The_target_is_free_and_the_source_as_it_was(MigrationType type, bool fails)
    {
        var (source, migration, target) = await MovingAsync(type);

        var (ended, claim) = fails ? await FailAsync(migration) : await RevertAsync(migration);

        var (state, reason) = fails ? (MigrationState.Failed, "broken") : (MigrationState.Reverted, "no");
        Assert.Equal((state, reason, ended.UpdateTime), (ended.State, ended.Reason, ended.EndTime));
        Assert.Equal(source, claim);
        var aborted = await GetClaimAsync(target.ClaimId);
        Assert.Equal((ClaimState.Aborted, ClaimRole.MoveTarget, "", reason), (aborted.State, aborted.Role, aborted.MigrationId, aborted.EndReason));
        Assert.Equal((2L, 0L), (await UsedAsync(source.NodeId), await UsedAsync(target.NodeId)));
        Assert.Equal(0, (await GetAsync(target.NodeId)).Statistics.FailedBuildCount);
        var recorded = (await EventsAsync(source.NodeId))[^1];
        Assert.Equal(
            (fails ? EventKind.MigrationFailed : EventKind.MigrationReverted, target.NodeId, reason, ClaimState.Held, ClaimState.Aborted),
            (recorded.Kind, recorded.NodeId, recorded.Reason, recorded.Before.ClaimState, recorded.After.ClaimState));

        // Told again, also by a later repeat, it is the same.
        Assert.Equal((ended, source), fails ? await FailAsync(migration) : await RevertAsync(migration));
        await MoveAsync(source, target.NodeId, type);
    }

    [Fact]
    public async Task With_the_source_gone_the_answer_has_no_claim()
    {
        var (source, migration, _) = await MovingAsync(MigrationType.Evacuation);
        await DeleteAsync(source.NodeId);

        Assert.Null((await RevertAsync(migration)).Claim);
        Assert.Null((await RevertAsync(migration)).Claim);

        await ClaimAsync((await RegisterAsync()).NodeId, instanceId: source.Instance.InstanceId);
    }

    [Fact]
    public async Task The_target_of_an_ended_move_is_not_an_aborted_build()
    {
        var (_, migration, target) = await MovingAsync();
        await RevertAsync(migration);

        await Expect.ErrorAsync(
            Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = target.ClaimId }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");
    }
}
