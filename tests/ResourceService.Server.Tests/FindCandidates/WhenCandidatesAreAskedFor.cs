namespace ResourceService.Server.Tests.FindCandidates;

public sealed class WhenCandidatesAreAskedFor(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Spread_gives_the_emptiest_first_and_pack_the_fullest()
    {
        var (zone, nodes) = await RegisterZoneAsync(10, 10, 10);
        await ClaimAsync(nodes[0].NodeId, vcpus: 5);
        await ClaimAsync(nodes[1].NodeId, vcpus: 2);

        Assert.Equal([nodes[2].NodeId, nodes[1].NodeId, nodes[0].NodeId], await FindAsync(zone, PlacementStrategy.Spread));
        Assert.Equal([nodes[2].NodeId, nodes[1].NodeId, nodes[0].NodeId], await FindAsync(zone, PlacementStrategy.Unspecified));
        Assert.Equal([nodes[0].NodeId, nodes[1].NodeId, nodes[2].NodeId], await FindAsync(zone, PlacementStrategy.Pack));
        Assert.Equal([nodes[0].NodeId], await FindAsync(zone, PlacementStrategy.Pack, limit: 1));
    }

    [Fact]
    public async Task A_candidate_carries_its_usage_and_a_generation_that_guards_the_claim()
    {
        var (zone, nodes) = await RegisterZoneAsync(4);
        await ClaimAsync(nodes[0].NodeId);

        var found = await Nodes.FindCandidatesAsync(new FindCandidatesRequest { Resources = Requests.Resources(), Filter = Requests.InZone(zone) });
        var candidate = Assert.Single(found.Candidates);
        Assert.Equal(2, candidate.Generation);
        Assert.Equal(new ClassUsage { Capacity = 4, Used = 1, Free = 3 }, candidate.Usage["VCPU"]);

        await ClaimAsync(nodes[0].NodeId);
        var claim = Requests.Claim(nodes[0].NodeId);
        claim.ExpectedGeneration = candidate.Generation;
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.Aborted, "STALE_GENERATION");
    }

    [Fact]
    public async Task Reasons_of_the_refusing_nodes_are_counted_and_no_fit_is_no_error()
    {
        var (zone, nodes) = await RegisterZoneAsync(2, 4, 16, 16);
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = nodes[3].NodeId, State = NodeState.Disabled });
        var request = new FindCandidatesRequest { Resources = Requests.Resources(vcpus: 8, memoryMb: 2_000_000), Filter = Requests.InZone(zone) };
        request.Resources.Resources["CUSTOM_GPU"] = 1;

        var found = await Nodes.FindCandidatesAsync(request);

        Assert.Empty(found.Candidates);
        Assert.Equal((await LedgerBooks.ReadAsync(Clients)).Nodes.Count, found.ExaminedNodeCount, 20.0);
        Assert.Equal(3, CountOf(RefusalReason.AboveMaxUnit, "MEMORY_MB"));
        Assert.Equal(2, CountOf(RefusalReason.AboveMaxUnit, "VCPU"));
        Assert.Equal(3, CountOf(RefusalReason.ClassNotInInventory, "CUSTOM_GPU"));
        Assert.True(CountOf(RefusalReason.NodeNotEnabled, "") >= 1);
        Assert.Equal(found.Refusals.Select(refusal => refusal.NodeCount).OrderDescending(), found.Refusals.Select(refusal => refusal.NodeCount));

        int CountOf(RefusalReason reason, string resourceClass) =>
            found.Refusals.SingleOrDefault(refusal => refusal.Reason == reason && refusal.ResourceClass == resourceClass)?.NodeCount ?? 0;
    }

    [Fact]
    public async Task Traits_of_the_request_and_its_limits_narrow_the_choice()
    {
        var (zone, nodes) = await RegisterZoneAsync(8, 8);
        var trait = Unique.Trait();
        var withTrait = Requests.Node(nodes[1].NodeId);
        withTrait.Labels.Add("zone", zone);
        withTrait.Traits.Add(trait);
        await Nodes.RegisterNodeAsync(withTrait);

        var request = new FindCandidatesRequest { Resources = Requests.Resources(), Filter = Requests.InZone(zone) };
        request.Resources.RequiredTraits.Add(trait);
        Assert.Equal(nodes[1].NodeId, Assert.Single((await Nodes.FindCandidatesAsync(request)).Candidates).NodeId);

        request.Resources.RequiredTraits.Clear();
        request.Resources.ForbiddenTraits.Add(trait);
        Assert.Equal(nodes[0].NodeId, Assert.Single((await Nodes.FindCandidatesAsync(request)).Candidates).NodeId);

        request.Resources.Limits = new ResourceLimits { MaxUsed = { ["VCPU"] = 1 } };
        request.Resources.Resources["VCPU"] = 2;
        var found = await Nodes.FindCandidatesAsync(request);
        Assert.Empty(found.Candidates);
        Assert.Contains(found.Refusals, refusal => refusal is { Reason: RefusalReason.LimitExceeded, ResourceClass: "VCPU", NodeCount: >= 1 });
    }

    [Fact]
    public async Task One_trait_of_each_set_will_do_for_request_filter_and_claim()
    {
        var (zone, nodes) = await RegisterZoneAsync(8, 8, 8);
        var (first, second, third) = (Unique.Trait(), Unique.Trait(), Unique.Trait());
        foreach (var (node, traits) in nodes.Zip<Node, string[]>([[first, third], [second], [first, second, third]]))
        {
            var request = Requests.Node(node.NodeId);
            request.Labels.Add("zone", zone);
            request.Traits.Add(traits);
            await Nodes.RegisterNodeAsync(request);
        }

        var sets = new[] { new TraitSet { Traits = { second, first } }, new TraitSet { Traits = { third, "CUSTOM_NOWHERE" } } };
        var find = new FindCandidatesRequest { Resources = Requests.Resources(), Filter = Requests.InZone(zone) };
        find.Resources.AnyOfTraits.Add(sets);
        Assert.Equal([nodes[0].NodeId, nodes[2].NodeId], (await Nodes.FindCandidatesAsync(find)).Candidates.Select(candidate => candidate.NodeId));
        find.Resources.AnyOfTraits.Clear();
        find.Filter.AnyOfTraits.Add(sets);
        Assert.Equal([nodes[0].NodeId, nodes[2].NodeId], (await Nodes.FindCandidatesAsync(find)).Candidates.Select(candidate => candidate.NodeId));
        Assert.Equal(2, (await Nodes.ListNodesAsync(new ListNodesRequest { Filter = find.Filter })).Nodes.Count);

        var claim = Requests.Claim(nodes[1].NodeId);
        claim.Resources.AnyOfTraits.Add(sets);
        var error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        var lacking = Assert.Single(Assert.Single(error.Refusals).Dimensions);
        Assert.Equal((RefusalReason.AnyOfTraitsMissing, $"CUSTOM_NOWHERE,{third}"), (lacking.Reason, lacking.Trait));
        Assert.Contains($"CUSTOM_NOWHERE, {third}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Among_nodes_that_are_named_no_others_are_looked_at()
    {
        var (_, nodes) = await RegisterZoneAsync(8, 2, 8);
        var find = new FindCandidatesRequest { Resources = Requests.Resources(vcpus: 4), Filter = new NodeFilter() };
        find.Filter.NodeIds.Add(nodes[1].NodeId);
        find.Filter.NodeIds.Add(nodes[2].NodeId);
        find.Filter.NodeIds.Add("never-registered");

        var found = await Nodes.FindCandidatesAsync(find);

        Assert.Equal(nodes[2].NodeId, Assert.Single(found.Candidates).NodeId);
        Assert.Equal(2, found.ExaminedNodeCount);
        Assert.Equal([(RefusalReason.AboveMaxUnit, 1)], found.Refusals.Select(refusal => (refusal.Reason, refusal.NodeCount)));
        var claim = Requests.Claim(vcpus: 4);
        claim.Filter = find.Filter;
        Assert.Equal(nodes[2].NodeId, (await Claims.ClaimInstanceAsync(claim)).Claim.NodeId);
        Assert.Equal(
            [nodes[1].NodeId, nodes[2].NodeId],
            (await Nodes.ListNodesAsync(new ListNodesRequest { Filter = find.Filter })).Nodes.Select(node => node.NodeId).Order(StringComparer.Ordinal));

        find.Filter.NodeIds.Clear();
        find.Filter.NodeIds.Add("never-registered");
        Assert.Equal(0, (await Nodes.FindCandidatesAsync(find)).ExaminedNodeCount);
    }

    [Fact]
    public async Task The_refusing_nodes_that_come_nearest_are_told_with_all_that_they_lack()
    {
        var (zone, nodes) = await RegisterZoneAsync(8, 8, 8, 4, 9);
        await ClaimAsync(nodes[1].NodeId, vcpus: 6);
        await ClaimAsync(nodes[2].NodeId, vcpus: 1);
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = nodes[4].NodeId, State = NodeState.Disabled });
        var request = new FindCandidatesRequest { Resources = Requests.Resources(vcpus: 8), Filter = Requests.InZone(zone), ExplainLimit = 100 };

        var found = await Nodes.FindCandidatesAsync(request);

        Assert.Equal([nodes[0].NodeId], found.Candidates.Select(candidate => candidate.NodeId));
        Assert.Equal([nodes[2], nodes[3], nodes[1], nodes[4]], found.NearMisses.Select(miss => nodes.Single(node => node.NodeId == miss.NodeId)));
        Assert.Equal(
            ["VCPU: 8 requested, 7 of 8 available", "VCPU: 8 requested, at most 4 per claim", "VCPU: 8 requested, 2 of 8 available", "the node is DISABLED"],
            found.NearMisses.Select(miss => Assert.Single(miss.Dimensions).Detail));
        Assert.Equal(
            (RefusalReason.CapacityExceeded, "VCPU", 8L, 7L, 8L),
            (found.NearMisses[0].Dimensions[0].Reason, found.NearMisses[0].Dimensions[0].ResourceClass, found.NearMisses[0].Dimensions[0].Requested,
                found.NearMisses[0].Dimensions[0].Available, found.NearMisses[0].Dimensions[0].Capacity));
        Assert.Equal((2, 2), (found.NearMisses[0].Generation, (int)(await GetAsync(nodes[2].NodeId)).Generation));

        request.ExplainLimit = 2;
        Assert.Equal(found.NearMisses.Take(2), (await Nodes.FindCandidatesAsync(request)).NearMisses);
        request.Filter.States.Add(NodeState.Enabled);
        request.ExplainLimit = 4;
        Assert.Equal(found.NearMisses.Take(3), (await Nodes.FindCandidatesAsync(request)).NearMisses);
        request.ExplainLimit = 0;
        Assert.Empty((await Nodes.FindCandidatesAsync(request)).NearMisses);
    }

    private async Task<IEnumerable<string>> FindAsync(string zone, PlacementStrategy strategy, int limit = 0)
    {
        var request = new FindCandidatesRequest { Resources = Requests.Resources(), Filter = Requests.InZone(zone), Strategy = strategy, Limit = limit };
        return (await Nodes.FindCandidatesAsync(request)).Candidates.Select(candidate => candidate.NodeId);
    }
}
