namespace ResourceService.Server.Tests.Moves;

/// <summary>Situations in which Nova's resource tracker is known to keep, to lose or to count twice what an instance holds. Here it cannot.</summary>
public sealed class WhatThePredecessorLeaked(SharedService service) : MoveTest(service)
{
    [Fact]
    public async Task The_source_of_an_evacuation_is_released_without_its_host()
    {
        // Nobody speaks for the failed host from here on.
        var failed = await RegisterAsync();
        var instance = await LiveAsync(failed.NodeId);
        await SetStateAsync(failed.NodeId, NodeState.Disabled);

        var (evacuation, _) = await MoveAsync(instance, (await RegisterAsync()).NodeId, MigrationType.Evacuation);
        await UpdateAsync(evacuation, MigrationState.Finished);
        await ConfirmAsync(evacuation);

        Assert.Equal((0L, 0), (await UsedAsync(failed.NodeId), (await GetAsync(failed.NodeId)).ClaimCount));
        // When the host comes back it finds nothing of its own, and the target keeps what it has.
        await Nodes.RegisterNodeAsync(Requests.Node(failed.NodeId));
        Assert.Equal((0L, 3L), (await UsedAsync(failed.NodeId), await UsedAsync(evacuation.TargetNodeId)));
        await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = failed.NodeId });
    }

    [Fact]
    public async Task A_source_that_is_deleted_during_the_evacuation_does_not_drop_the_target()
    {
        var (source, evacuation, target) = await MovingAsync(MigrationType.Evacuation);

        await DeleteAsync(source.NodeId);
        Assert.Equal(3, await UsedAsync(target.NodeId));
        await Nodes.RegisterNodeAsync(Requests.Node(source.NodeId));
        var (_, arrived) = await ConfirmAsync(evacuation);

        Assert.Equal((target.ClaimId, ClaimState.Active), (arrived.ClaimId, arrived.State));
        Assert.Equal((0L, 3L), (await UsedAsync(source.NodeId), await UsedAsync(target.NodeId)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_instance_deleted_in_the_middle_of_a_resize_leaves_nothing(bool inPlace)
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var (resize, target) = await MoveAsync(source, inPlace ? source.NodeId : (await RegisterAsync()).NodeId, MigrationType.Resize);
        await UpdateAsync(resize, MigrationState.Finished);

        var released = await ReleaseAsync(source);

        Assert.Equal([source.ClaimId, target.ClaimId], released.Select(claim => claim.ClaimId));
        Assert.All(released, claim => Assert.Equal((ClaimState.Released, "deleted", ""), (claim.State, claim.EndReason, claim.MigrationId)));
        Assert.Equal((0L, 0L), (await UsedAsync(source.NodeId), await UsedAsync(target.NodeId)));
        Assert.Equal(MigrationState.Failed, (await GetMigrationAsync(resize.MigrationId)).State);
        var error = RpcFailure.Of(await Assert.ThrowsAsync<RpcException>(() => ConfirmAsync(resize)));
        Assert.Equal("MIGRATION_WRONG_STATE", error.Reason);
        await Expect.ErrorAsync(
            Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = source.Instance.InstanceId }), StatusCode.NotFound, "INSTANCE_NOT_FOUND");
    }

    [Fact]
    public async Task An_instance_deleted_right_after_it_arrived_frees_its_new_node_at_once()
    {
        var (source, migration, target) = await MovingAsync();
        await ConfirmAsync(migration);

        Assert.Equal(target.ClaimId, Assert.Single(await ReleaseAsync(source)).ClaimId);

        Assert.Equal((0L, 0L), (await UsedAsync(source.NodeId), await UsedAsync(target.NodeId)));
    }

    [Fact]
    public async Task A_second_confirm_or_revert_subtracts_nothing_again()
    {
        var (_, confirmed, kept) = await MovingAsync();
        var (source, reverted, _) = await MovingAsync();
        for (var i = 0; i < 3; i++)
        {
            await ConfirmAsync(confirmed);
            await RevertAsync(reverted);
        }

        Assert.Equal((0L, 3L), (await UsedAsync(confirmed.SourceNodeId), await UsedAsync(kept.NodeId)));
        Assert.Equal((2L, 0L), (await UsedAsync(source.NodeId), await UsedAsync(reverted.TargetNodeId)));
    }

    [Fact]
    public async Task A_target_that_refuses_changes_nothing_on_either_node()
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var full = await RegisterAsync(vcpus: 2);

        var error = RpcFailure.Of(await Assert.ThrowsAsync<RpcException>(() => MoveAsync(source, full.NodeId, MigrationType.Resize, vcpus: 3)));

        Assert.Equal("DOES_NOT_FIT", error.Reason);
        Assert.Equal((source.NodeGeneration, full.Generation), ((await GetAsync(source.NodeId)).Generation, (await GetAsync(full.NodeId)).Generation));
        await MoveAsync(source, full.NodeId, MigrationType.Resize, vcpus: 2);
    }

    [Fact]
    public async Task Releases_and_moves_of_one_instance_at_the_same_time_leave_nothing_behind()
    {
        var (first, second) = (await RegisterAsync(vcpus: 100), await RegisterAsync(vcpus: 100));
        for (var round = 0; round < 40; round++)
        {
            var source = await LiveAsync(first.NodeId);
            await Task.WhenAll(
                TryAsync(async () => await ConfirmAsync((await MoveAsync(source, second.NodeId)).Migration)),
                TryAsync(async () => await MoveAsync(source, first.NodeId, MigrationType.Resize)),
                TryAsync(async () => await ReleaseAsync(source)));
            await TryAsync(async () => await ReleaseAsync(source));
        }

        Assert.Equal((0L, 0L), (await UsedAsync(first.NodeId), await UsedAsync(second.NodeId)));
        Assert.Empty((await Migrations.ListMigrationsAsync(new ListMigrationsRequest { NodeId = first.NodeId })).Migrations);
        await VerifyAsync(first.NodeId, second.NodeId);
    }

    private static async Task TryAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (RpcException cause) when (cause.StatusCode is StatusCode.FailedPrecondition or StatusCode.NotFound)
        {
            // Another call was first.
        }
    }
}
