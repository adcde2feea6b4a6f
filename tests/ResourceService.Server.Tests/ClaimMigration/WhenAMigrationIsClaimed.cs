namespace ResourceService.Server.Tests.ClaimMigration;

public sealed class WhenAMigrationIsClaimed(SharedService service) : MoveTest(service)
{
    [Theory]
    [InlineData(MigrationType.ColdMigration)]
    [InlineData(MigrationType.LiveMigration)]
    [InlineData(MigrationType.Evacuation)]
    public async Task Without_resources_it_asks_for_what_the_source_was_asked_for(MigrationType type)
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId, vcpus: 5);
        var target = await RegisterAsync();

        var answer = await Migrations.ClaimMigrationAsync(
            new ClaimMigrationRequest { Type = type, InstanceId = source.Instance.InstanceId, TargetNodeId = target.NodeId });

        Assert.Equal((type, MigrationState.Preparing), (answer.Migration.Type, answer.Migration.State));
        Assert.Equal(source.Resources, answer.Claim.Resources);
        Assert.Equal((5L, 5L), (await UsedAsync(source.NodeId), await UsedAsync(target.NodeId)));
    }

    [Fact]
    public async Task To_its_own_node_it_is_refused()
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);

        await Expect.ErrorAsync(Start(source, source.NodeId), StatusCode.FailedPrecondition, "TARGET_IS_SOURCE");

        Assert.Equal(2, await UsedAsync(source.NodeId));
    }

    [Fact]
    public async Task Away_from_a_disabled_node_it_may_go_but_not_to_one()
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var closed = await RegisterAsync();
        await SetStateAsync(source.NodeId, NodeState.Disabled);
        await SetStateAsync(closed.NodeId, NodeState.Draining);

        var error = await Expect.ErrorAsync(Start(source, closed.NodeId), StatusCode.FailedPrecondition, "NODE_NOT_ENABLED");
        Assert.Equal(("DRAINING", closed.NodeId), (error.Metadata["state"], error.Metadata["node_id"]));

        await Start(source, (await RegisterAsync()).NodeId);
    }

    [Fact]
    public async Task An_instance_whose_claim_is_not_confirmed_does_not_move()
    {
        var held = await ClaimAsync((await RegisterAsync()).NodeId);

        var error = await Expect.ErrorAsync(Start(held, (await RegisterAsync()).NodeId), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");

        Assert.Equal(("HELD", held.ClaimId, held.NodeId), (error.Metadata["state"], error.Metadata["claim_id"], error.Metadata["node_id"]));
    }

    [Fact]
    public async Task An_instance_that_holds_nothing_and_a_node_that_is_not_there_are_not_found()
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var node = await RegisterAsync();

        var noNode = await Expect.ErrorAsync(Start(source, "nowhere"), StatusCode.NotFound, "NODE_NOT_FOUND");
        Assert.Equal("nowhere", noNode.Metadata["node_id"]);
        await ReleaseAsync(source);
        var noInstance = await Expect.ErrorAsync(Start(source, node.NodeId), StatusCode.NotFound, "INSTANCE_NOT_FOUND");
        Assert.Equal(source.Instance.InstanceId, noInstance.Metadata["instance_id"]);
    }

    [Fact]
    public async Task An_instance_moves_once_at_a_time()
    {
        var (source, migration, _) = await MovingAsync();
        var other = await RegisterAsync();

        var error = await Expect.ErrorAsync(Start(source, other.NodeId), StatusCode.FailedPrecondition, "MIGRATION_IN_FLIGHT");
        Assert.Equal(migration.MigrationId, error.Metadata["migration_id"]);
        await Expect.ErrorAsync(Resizes.ClaimResizeAsync(new ClaimResizeRequest
        {
            InstanceId = source.Instance.InstanceId,
            TargetNodeId = source.NodeId,
            Resources = Requests.Resources(),
        }), StatusCode.FailedPrecondition, "MIGRATION_IN_FLIGHT");

        await RevertAsync(migration);
        await Start(source, other.NodeId);
    }

    [Fact]
    public async Task Many_moves_of_one_instance_at_the_same_time_start_one()
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var (_, targets) = await RegisterZoneAsync(8, 8, 8, 8, 8, 8);

        var started = await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            try
            {
                await Start(source, targets[i % targets.Count].NodeId);
                return true;
            }
            catch (RpcException cause)
            {
                Assert.Equal("MIGRATION_IN_FLIGHT", RpcFailure.Of(cause).Reason);
                return false;
            }
        }));

        Assert.Single(started, one => one);
        Assert.Equal(2, (await Task.WhenAll(targets.Select(target => UsedAsync(target.NodeId)))).Sum());
    }

    [Fact]
    public async Task A_stale_generation_of_the_target_is_refused()
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var target = await RegisterAsync();
        var request = new ClaimMigrationRequest
        {
            Type = MigrationType.ColdMigration,
            InstanceId = source.Instance.InstanceId,
            TargetNodeId = target.NodeId,
            ExpectedGeneration = 7,
        };

        var error = await Expect.ErrorAsync(Migrations.ClaimMigrationAsync(request), StatusCode.Aborted, "STALE_GENERATION");

        Assert.Equal("1", error.Metadata["generation"]);
        request.ExpectedGeneration = 1;
        await Migrations.ClaimMigrationAsync(request);
    }

    [Fact]
    public async Task While_it_runs_an_instance_moves_only_to_pages_of_the_same_size()
    {
        const long Small = 2_048, Large = 1_048_576;
        var (source, target, other) = (await RegisterPagesAsync(Small), await RegisterPagesAsync(Small), await RegisterPagesAsync(Large));
        var request = Requests.Claim(source);
        request.Resources.Numa = new NumaRequest
        {
            Cells = { new NumaCellRequest { SharedVcpus = { 0 }, MemoryMb = 1_024, PageSizePolicy = PageSizePolicy.Large } },
        };
        var claim = (await Claims.ClaimInstanceAsync(request)).Claim;
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        var before = await GetAsync(other);

        var refused = await Expect.ErrorAsync(
            Start(claim, other, MigrationType.LiveMigration), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        var dimension = Assert.Single(Assert.Single(refused.Refusals).Dimensions);
        Assert.Equal((RefusalReason.NumaPageSizeChanged, Small, Large), (dimension.Reason, dimension.Requested, dimension.Available));
        Assert.Equal(before, await GetAsync(other));
        // Stopped, it may go there; running, to the host with its pages.
        var cold = await Start(claim, other);
        Assert.Equal(Large, Assert.Single(cold.Claim.NumaCells).PageSizeKb);
        await RevertAsync(cold.Migration);
        Assert.Equal(Small, Assert.Single((await Start(claim, target, MigrationType.LiveMigration)).Claim.NumaCells).PageSizeKb);
    }

    private AsyncUnaryCall<ClaimMigrationResponse> Start(Claim claim, string targetId, MigrationType type = MigrationType.ColdMigration) =>
        Migrations.ClaimMigrationAsync(new ClaimMigrationRequest { Type = type, InstanceId = claim.Instance.InstanceId, TargetNodeId = targetId });

    // A host of one cell with small pages and large ones of one size.
    private async Task<string> RegisterPagesAsync(long sizeKb)
    {
        var request = Requests.Node();
        request.NumaTopology = new NumaTopology
        {
            Cells =
            {
                new NumaCell
                {
                    SharedCpus = { 0, 1, 2, 3 },
                    MemoryMb = 8_192,
                    PagePools = { new PagePool { SizeKb = 4, Total = 1_048_576 }, new PagePool { SizeKb = sizeKb, Total = 4_194_304 / sizeKb } },
                },
            },
        };
        return (await Nodes.RegisterNodeAsync(request)).Node.NodeId;
    }
}
