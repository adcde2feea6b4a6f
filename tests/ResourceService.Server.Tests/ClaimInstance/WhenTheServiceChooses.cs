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
