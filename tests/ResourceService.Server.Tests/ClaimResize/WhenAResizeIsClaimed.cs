namespace ResourceService.Server.Tests.ClaimResize;

public sealed class WhenAResizeIsClaimed(SharedService service) : MoveTest(service)
{
    [Fact]
    public async Task The_target_holds_the_new_amounts_and_the_source_still_the_old_ones()
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId, vcpus: 2);
        var target = await RegisterAsync();

        var answer = await Resizes.ClaimResizeAsync(new ClaimResizeRequest
        {
            InstanceId = source.Instance.InstanceId,
            TargetNodeId = target.NodeId,
            Resources = Requests.Resources(vcpus: 5),
            Lease = Requests.Seconds(60),
        });

        var (migration, claim) = (answer.Migration, answer.Claim);
        Assert.Equal(
            (MigrationType.Resize, MigrationState.Preparing, source.Instance.InstanceId, source.NodeId, target.NodeId, source.ClaimId, claim.ClaimId),
            (migration.Type, migration.State, migration.InstanceId, migration.SourceNodeId, migration.TargetNodeId, migration.SourceClaimId,
                migration.TargetClaimId));
        Assert.Equal((2L, 2L), (migration.TargetNodeGeneration, claim.NodeGeneration));
        Assert.Equal(claim.LeaseExpireTime, migration.LeaseExpireTime);
        Assert.Equal(migration.CreateTime.ToDateTime().AddSeconds(60), migration.LeaseExpireTime.ToDateTime());
        Assert.Null(migration.EndTime);
        Assert.Equal(
            (ClaimState.Held, ClaimRole.MoveTarget, target.NodeId, migration.MigrationId), (claim.State, claim.Role, claim.NodeId, claim.MigrationId));
        Assert.Equal(source.Instance, claim.Instance);
        Assert.Equal((2L, 5L), (await UsedAsync(source.NodeId), await UsedAsync(target.NodeId)));
        Assert.Equal(migration, await GetMigrationAsync(migration.MigrationId));
        Assert.Equal(migration.MigrationId, (await GetClaimAsync(source.ClaimId)).MigrationId);
        Assert.Equal(claim, await GetClaimAsync(claim.ClaimId));
        Assert.Equal(source.NodeGeneration, (await GetAsync(source.NodeId)).Generation);
    }

    [Fact]
    public async Task In_place_old_and_new_are_both_held_and_must_fit_together()
    {
        var node = await RegisterAsync(vcpus: 8);
        var claim = await LiveAsync(node.NodeId, vcpus: 3);

        var error = await Expect.ErrorAsync(Resizes.ClaimResizeAsync(new ClaimResizeRequest
        {
            InstanceId = claim.Instance.InstanceId,
            TargetNodeId = node.NodeId,
            Resources = Requests.Resources(vcpus: 6),
        }), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        var dimension = Assert.Single(Assert.Single(error.Refusals).Dimensions);
        Assert.Equal(("VCPU", 6L, 5L), (dimension.ResourceClass, dimension.Requested, dimension.Available));

        var (migration, _) = await MoveAsync(claim, node.NodeId, MigrationType.Resize, vcpus: 5);
        Assert.Equal((8L, 2, 1), (await UsedAsync(node.NodeId), (await GetAsync(node.NodeId)).ClaimCount, (await GetAsync(node.NodeId)).Statistics.InstanceCount));

        var (_, confirmed) = await ConfirmAsync(migration);
        Assert.Equal((ClaimRole.Primary, ClaimState.Active, 5L), (confirmed.Role, confirmed.State, confirmed.Resources["VCPU"]));
        Assert.Equal(5, await UsedAsync(node.NodeId));
        await VerifyAsync(node.NodeId);
    }

    [Fact]
    public async Task With_validate_only_the_answer_is_the_claim_without_ids_and_nothing_is_held()
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var target = await RegisterAsync(vcpus: 4);
        var request = new ClaimResizeRequest
        {
            InstanceId = source.Instance.InstanceId,
            TargetNodeId = target.NodeId,
            Resources = Requests.Resources(vcpus: 4),
            ValidateOnly = true,
            RequestId = Unique.RequestId(),
        };

        var answer = await Resizes.ClaimResizeAsync(request);

        Assert.Equal(("", "", "", ""), (answer.Migration.MigrationId, answer.Migration.TargetClaimId, answer.Claim.ClaimId, answer.Claim.MigrationId));
        Assert.Equal((source.ClaimId, 4L), (answer.Migration.SourceClaimId, answer.Claim.Resources["VCPU"]));
        Assert.Equal(1, (await GetAsync(target.NodeId)).Generation);
        Assert.Equal("", (await GetClaimAsync(source.ClaimId)).MigrationId);

        // Not remembered either; and it decides as the claim does.
        request.ValidateOnly = false;
        await Resizes.ClaimResizeAsync(request);
        var validated = request.Clone();
        (validated.ValidateOnly, validated.RequestId) = (true, "");
        await Expect.ErrorAsync(Resizes.ClaimResizeAsync(validated), StatusCode.FailedPrecondition, "MIGRATION_IN_FLIGHT");
    }
}
