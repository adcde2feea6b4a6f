using CsCheck;
using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Ledger.Tests.Claims;
using Xunit;

namespace ResourceService.Ledger.Tests.Candidates;

public class NearMissTests
{
    [Fact]
    public void Without_cells_and_devices_the_nearest_of_all_nodes_are_found() => Gen.Int.Positive.Sample(
        seed =>
        {
            var random = new Random(seed);
            var fleet = new RandomFleet(random, nodesMax: 200);
            for (var step = 0; step < 400; step++)
                fleet.Step();

            for (var i = 0; i < 20; i++)
                AssertNearest(fleet.Nodes, fleet.Query(), limit: 1 + random.Next(30));
        },
        iter: 10);

    [Fact]
    public void With_cells_and_devices_a_fleet_within_the_bound_is_decided_as_claims_decide()
    {
        var refused = 0;
        for (var seed = 1; seed <= 20; seed++)
        {
            var hosts = Enumerable.Range(1, 30).Select(i => new RandomPlacement((100 * seed) + i).Node with { NodeKey = i }).ToList();
            var query = new CandidateQuery(new RandomPlacement(100 * seed).Request, NodeFilterRules.All, Strategy.Spread);

            refused += AssertNearest(hosts, query, limit: 10);
        }

        Assert.True(refused > 50, $"{refused} refusals");
    }

    [Fact]
    public void A_node_that_takes_no_claims_lacks_that_and_what_else_it_lacks()
    {
        var node = Node(1, vcpus: 2);
        node.Decide(view => NodeRules.SetState(view, NodeState.Draining, "", null, Sample.Now));
        var query = Ask(4);

        var miss = Assert.Single(Find([node.View], query, 10));
        Assert.Equal(["the node is DRAINING", "VCPU: 4 requested, at most 2 per claim"], miss.Dimensions.Select(dimension => dimension.ToString()));

        Assert.Empty(Find([node.View], query with { Filter = NodeFilterRules.All with { States = new HashSet<NodeState> { NodeState.Enabled } } }, 10));
    }

    [Theory]
    [InlineData(RefusalReason.CapacityExceeded, 4, 3, 100, 0.25)]
    [InlineData(RefusalReason.CapacityExceeded, 4, -4, 100, 2)]
    [InlineData(RefusalReason.LimitExceeded, 4, 1, 3, 0.75)]
    [InlineData(RefusalReason.AboveMaxUnit, 10, 100, 8, 0.2)]
    [InlineData(RefusalReason.BelowMinUnit, 4, 100, 5, 0.25)]
    [InlineData(RefusalReason.NotStepMultiple, 10, 100, 4, 0.2)]
    [InlineData(RefusalReason.NoInventory, 4, 0, 0, 1)]
    [InlineData(RefusalReason.TraitMissing, 0, 0, 0, 1)]
    [InlineData(RefusalReason.NumaThreadPolicyUnmet, 2, 5, 8, 1)]
    [InlineData(RefusalReason.DeviceCountExceeded, 4, 1, 1, 0.75)]
    [InlineData(RefusalReason.CapacityExceeded, long.MaxValue, long.MinValue, 0, 2)]
    public void A_shortage_is_a_share_of_what_was_asked(RefusalReason reason, long requested, long available, long capacity, double shortage) =>
        Assert.Equal(shortage, new RefusedDimension(reason, "X", requested, available, capacity).Shortage, 1e-9);

    [Theory]
    [InlineData(63, 1)]
    [InlineData(64, 0)]
    public void Cells_and_devices_are_decided_on_few_nodes_the_emptiest_first(int fitting, int found)
    {
        // The emptier ones have the device, the others do not, and all have room.
        var nodes = Enumerable.Range(1, 500).Select(key => Node(key, vcpus: 1_000, used: key, hasDevice: key <= fitting).View).Reverse().ToList();
        Assert.Equal(found, Find(nodes, AskDevice(), 10).Count);
    }

    [Fact]
    public void Half_of_the_decisions_are_for_nodes_that_lack_more_than_what_is_inside()
    {
        var nodes = Enumerable.Range(1, 500).Select(key => Node(key, vcpus: 1_000, used: 1, hasDevice: true).View)
            .Concat(Enumerable.Range(501, 500).Select(key => Node(key, vcpus: 0).View));

        var misses = Find(nodes, AskDevice(), 100);

        Assert.Equal(Enumerable.Range(501, 100), misses.Select(miss => miss.Node.NodeKey));
        Assert.All(misses, miss => Assert.Equal(
            [RefusalReason.CapacityExceeded, RefusalReason.DeviceNotMatched], miss.Dimensions.Select(dimension => dimension.Reason)));
    }

    // All that refuse by the claim's own rules, sorted.
    private static int AssertNearest(IEnumerable<NodeView> nodes, CandidateQuery query, int limit)
    {
        var refusing = nodes.Where(node => node.Exists && query.Filter.Takes(node))
            .Select(node => (Node: node, Dimensions: Refused(node, query.Request)))
            .Where(item => item.Dimensions.Count > 0)
            .OrderBy(item => item.Dimensions.Count)
            .ThenBy(item => item.Dimensions.Sum(dimension => dimension.Shortage))
            .ThenBy(item => item.Node.NodeKey)
            .ToList();

        var found = Find(nodes, query, limit);

        Assert.Equal(refusing.Take(limit).Select(item => item.Node.NodeKey), found.Select(miss => miss.Node.NodeKey));
        Assert.Equal(refusing.Take(limit).Select(item => item.Dimensions), found.Select(miss => miss.Dimensions));
        return refusing.Count;
    }

    private static ValueList<RefusedDimension> Refused(NodeView node, ResourceRequest request) => ValueList.From(
        (node.State == NodeState.Enabled ? [] : new[] { RefusedDimension.OfState(node.State) }).Concat(FitRules.Explain(node, request)));

    private static IReadOnlyList<NearMiss> Find(IEnumerable<NodeView> nodes, CandidateQuery query, int limit)
    {
        var search = new NearMissSearch(query, limit);
        foreach (var node in nodes)
            search.Look(node);
        return search.Find();
    }

    private static CandidateQuery Ask(long vcpus) => new(Sample.Request(Sample.Amounts((ResourceClass.Vcpu, vcpus))), NodeFilterRules.All, Strategy.Spread);

    private static CandidateQuery AskDevice()
    {
        var alternative = new DeviceDescription("8086", null, null, []);
        var query = Ask(1);
        return query with { Request = query.Request with { Devices = [new DeviceRequest("nic", 1, [alternative], DeviceNumaPolicy.Legacy)] } };
    }

    private static DrivenNode Node(int key, long vcpus, long used = 0, bool hasDevice = false)
    {
        var device = new Device("0000:81:00.0", "8086", "154d", DeviceType.Pci, null, null, []);
        var spec = Sample.Spec($"node-{key}", (ResourceClass.Vcpu, Sample.Inventory(vcpus, maxUnit: Math.Max(1, vcpus))));
        var node = DrivenNode.Registered(spec with { Devices = hasDevice ? [device] : [] }, key);
        if (used > 0)
            node.Claim("instance", Sample.Amounts((ResourceClass.Vcpu, used)));
        return node;
    }
}
