namespace ResourceService.Server.Tests.ClaimInstance;

public sealed class WhenTheServiceChooses(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task The_first_candidate_that_fits_is_taken()
    {
        var (_, nodes) = await RegisterZoneAsync(1, 4, 8);
        var request = Requests.Claim(vcpus: 2);
        request.CandidateNodeIds.Add(["never-registered", nodes[0].NodeId, nodes[1].NodeId, nodes[2].NodeId]);

        Assert.Equal(nodes[1].NodeId, (await Claims.ClaimInstanceAsync(request)).Claim.NodeId);
    }

    [Fact]
    public async Task Every_candidate_that_was_tried_says_why_not()
    {
        var (_, nodes) = await RegisterZoneAsync(1, 4, 8);
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = nodes[1].NodeId, State = NodeState.Disabled });
        var request = Requests.Claim(vcpus: 2);
        request.CandidateNodeIds.Add(["never-registered", .. nodes.Select(node => node.NodeId)]);
        request.Filter = new NodeFilter { ExcludedNodeIds = { nodes[2].NodeId } };

        var error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");

        Assert.Equal(
            [
                ("never-registered", RefusalReason.NodeNotFound),
                (nodes[0].NodeId, RefusalReason.AboveMaxUnit),
                (nodes[1].NodeId, RefusalReason.NodeNotEnabled),
                (nodes[2].NodeId, RefusalReason.NodeFiltered),
            ],
            error.Refusals.Select(refusal => (refusal.NodeId, Assert.Single(refusal.Dimensions).Reason)));
    }

    [Fact]
    public async Task Spread_fills_evenly_and_pack_one_after_the_other()
    {
        var (spread, _) = await RegisterZoneAsync(4, 4);
        var (pack, _) = await RegisterZoneAsync(4, 4);

        Assert.Equal([2, 2], await FillAsync(spread, PlacementStrategy.Spread, 4));
        Assert.Equal([1, 4], (await FillAsync(pack, PlacementStrategy.Pack, 5)).Order());
    }

    [Fact]
    public async Task The_choice_follows_every_change_of_the_fleet()
    {
        var (zone, nodes) = await RegisterZoneAsync(4, 2);
        var first = await ChosenAsync();
        Assert.Equal(nodes[0].NodeId, first.NodeId);

        // Emptier than the others from now on, then closed, then open again, then gone.
        var late = Requests.Node(vcpus: 100);
        late.Labels.Add("zone", zone);
        await Nodes.RegisterNodeAsync(late);
        Assert.Equal(late.NodeId, (await ChosenAsync()).NodeId);
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = late.NodeId, State = NodeState.Disabled });
        Assert.Equal(nodes[1].NodeId, (await ChosenAsync()).NodeId);
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = late.NodeId, State = NodeState.Enabled });
        Assert.Equal(late.NodeId, (await ChosenAsync()).NodeId);
        await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = late.NodeId, Force = true });
        Assert.Equal(nodes[0].NodeId, (await ChosenAsync()).NodeId);

        // Half of either node is used. What is released makes its node the emptier one, what is added to a node as well.
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = first.Instance.InstanceId });
        Assert.Equal(nodes[0].NodeId, (await ChosenAsync()).NodeId);
        var grown = Requests.Node(nodes[1].NodeId, vcpus: 50);
        grown.Labels.Add("zone", zone);
        await Nodes.RegisterNodeAsync(grown);
        Assert.Equal(nodes[1].NodeId, (await ChosenAsync()).NodeId);

        async Task<Claim> ChosenAsync() => (await Claims.ClaimInstanceAsync(Requests.ClaimAmong(zone))).Claim;
    }

    [Fact]
    public async Task Room_is_claimed_again_as_soon_as_it_is_told_to_be_free()
    {
        var (zone, _) = await RegisterZoneAsync(1);
        for (var i = 0; i < 20; i++)
        {
            var claim = (await Claims.ClaimInstanceAsync(Requests.ClaimAmong(zone))).Claim;
            await Expect.ErrorAsync(Claims.ClaimInstanceAsync(Requests.ClaimAmong(zone)), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");
            await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });
        }
    }

    [Fact]
    public async Task No_node_that_fits_is_explained_by_counts()
    {
        var (zone, _) = await RegisterZoneAsync(2, 2, 4);

        var error = await Expect.ErrorAsync(
            Claims.ClaimInstanceAsync(Requests.ClaimAmong(zone, vcpus: 8)), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");

        Assert.NotNull(error.Summary);
        Assert.True(error.Summary.ExaminedNodeCount >= 3);
        Assert.Contains(error.Summary.Refusals, refusal => refusal is { Reason: RefusalReason.AboveMaxUnit, ResourceClass: "VCPU", NodeCount: 3 });
    }

    [Fact]
    public async Task Validate_only_names_the_node_and_holds_nothing()
    {
        var (zone, nodes) = await RegisterZoneAsync(2);
        var request = Requests.ClaimAmong(zone);
        request.ValidateOnly = true;

        Assert.Equal(nodes[0].NodeId, (await Claims.ClaimInstanceAsync(request)).Claim.NodeId);
        Assert.Equal(0, await UsedAsync(nodes[0].NodeId));
    }

    private async Task<IReadOnlyList<int>> FillAsync(string zone, PlacementStrategy strategy, int count)
    {
        var chosen = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var request = Requests.ClaimAmong(zone);
            request.Strategy = strategy;
            chosen.Add((await Claims.ClaimInstanceAsync(request)).Claim.NodeId);
        }

        return [.. chosen.CountBy(id => id).Select(pair => pair.Value)];
    }
}
