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
        var stays = new Claim(source) { UpdateTime = ended.EndTime, NodeGeneration = source.NodeGeneration + 1 };
        Assert.Equal(stays, claim);
        Assert.Equal(stays, await GetClaimAsync(source.ClaimId));
        var aborted = await GetClaimAsync(target.ClaimId);
        Assert.Equal((ClaimState.Aborted, ClaimRole.MoveTarget, "", reason), (aborted.State, aborted.Role, aborted.MigrationId, aborted.EndReason));
        Assert.Equal((2L, 0L), (await UsedAsync(source.NodeId), await UsedAsync(target.NodeId)));
        Assert.Equal(0, (await GetAsync(target.NodeId)).Statistics.FailedBuildCount);
        var (recorded, kept) = ((await EventsAsync(source.NodeId))[^2], (await EventsAsync(source.NodeId))[^1]);
        Assert.Equal(
            (EventKind.InstanceStayed, source.NodeId, source.ClaimId, migration.MigrationId, reason, ClaimState.Active, ClaimState.Active),
            (kept.Kind, kept.NodeId, kept.ClaimId, kept.MigrationId, kept.Reason, kept.Before.ClaimState, kept.After.ClaimState));
        Assert.Equal(
            (fails ? EventKind.MigrationFailed : EventKind.MigrationReverted, target.NodeId, reason, ClaimState.Held, ClaimState.Aborted),
            (recorded.Kind, recorded.NodeId, recorded.Reason, recorded.Before.ClaimState, recorded.After.ClaimState));

        // Told again, also by a later repeat, it is the same.
        Assert.Equal((ended, stays), fails ? await FailAsync(migration) : await RevertAsync(migration));
        var (again, _) = await MoveAsync(source, target.NodeId, type);
        // A repeat tells the claim as it is by then.
        Assert.Equal(again.MigrationId, (fails ? await FailAsync(migration) : await RevertAsync(migration)).Claim!.MigrationId);
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
