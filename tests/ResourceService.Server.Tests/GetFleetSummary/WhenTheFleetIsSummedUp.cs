namespace ResourceService.Server.Tests.GetFleetSummary;

public sealed class WhenTheFleetIsSummedUp(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Sums_cover_the_nodes_of_the_filter_and_what_is_on_them()
    {
        var (zone, nodes) = await RegisterZoneAsync(8, 4, 16);
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = nodes[2].NodeId, State = NodeState.Draining });
        var held = await ClaimAsync(nodes[0].NodeId, vcpus: 3);
        var active = await ClaimAsync(nodes[1].NodeId, vcpus: 4);
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = active.ClaimId });

        var summary = await SumAsync(zone);

        Assert.Equal(
            new ClassSummary { Capacity = 28, Used = 7, Free = 21, NodeCount = 3, FullNodeCount = 1, LargestFit = 5 },
            summary.Classes["VCPU"]);
        Assert.Equal(["MEMORY_MB", "VCPU"], summary.Classes.Keys.Order());
        Assert.Equal((3, 2, 0, 1), (summary.NodeCount, summary.EnabledNodeCount, summary.DisabledNodeCount, summary.DrainingNodeCount));
        Assert.Equal((1, 1, 0, 0), (summary.HeldClaimCount, summary.ActiveClaimCount, summary.ObservedClaimCount, summary.MigrationCount));
        Assert.Equal(held.CreateTime, summary.OldestHeldClaimCreateTime);
        Assert.Equal(0, summary.OmittedClassCount);
    }

    [Fact]
    public async Task Each_change_is_seen_at_once()
    {
        var (zone, nodes) = await RegisterZoneAsync(8, 8);
        var claim = await ClaimAsync(nodes[0].NodeId);
        var before = await SumAsync(zone);

        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        var confirmed = await SumAsync(zone);
        Assert.Equal((1, 0), (before.HeldClaimCount, before.ActiveClaimCount));
        Assert.Equal((0, 1), (confirmed.HeldClaimCount, confirmed.ActiveClaimCount));
        Assert.Null(confirmed.OldestHeldClaimCreateTime);
        Assert.True(confirmed.Revision > before.Revision);

        await Migrations.ClaimMigrationAsync(new ClaimMigrationRequest
        {
            InstanceId = claim.Instance.InstanceId,
            TargetNodeId = nodes[1].NodeId,
            Type = MigrationType.ColdMigration,
        });
        var moving = await SumAsync(zone);
        Assert.Equal((1, 1, 1), (moving.HeldClaimCount, moving.ActiveClaimCount, moving.MigrationCount));

        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });
        var released = await SumAsync(zone);
        Assert.Equal((0, 0, 0, 16), (released.HeldClaimCount, released.ActiveClaimCount, released.MigrationCount, released.Classes["VCPU"].Free));
    }

    [Fact]
    public async Task A_class_that_shrank_below_its_use_is_told()
    {
        var (zone, nodes) = await RegisterZoneAsync(8, 8);
        await ClaimAsync(nodes[0].NodeId, vcpus: 8);
        var smaller = Requests.Node(nodes[0].NodeId, vcpus: 2);
        smaller.Labels.Add("zone", zone);
        await Nodes.RegisterNodeAsync(smaller);

        Assert.Equal(
            new ClassSummary { Capacity = 10, Used = 8, Free = 8, NodeCount = 2, FullNodeCount = 1, OverCapacityNodeCount = 1, LargestFit = 8 },
            (await SumAsync(zone)).Classes["VCPU"]);
    }

    [Fact]
    public async Task More_classes_than_are_shown_are_counted()
    {
        var zone = Unique.Id("zone");
        for (var node = 0; node < 5; node++)
        {
            var request = Requests.Node();
            request.Labels.Add("zone", zone);
            for (var i = 0; i < 250; i++)
                request.Inventories.Add($"CUSTOM_{node}_{i}", new Inventory { Total = 1 });
            await Nodes.RegisterNodeAsync(request);
        }

        var summary = await SumAsync(zone);

        Assert.Equal((1000, 252), (summary.Classes.Count, summary.OmittedClassCount));
        Assert.Equal(5, summary.Classes["VCPU"].NodeCount);
    }

    [Fact]
    public async Task No_node_gives_sums_of_nothing()
    {
        var summary = await SumAsync(Unique.Id("zone"));

        Assert.Equal(new FleetSummary { Revision = summary.Revision }, summary);
    }

    private async Task<FleetSummary> SumAsync(string zone) =>
        (await Nodes.GetFleetSummaryAsync(new GetFleetSummaryRequest { Filter = Requests.InZone(zone) })).Summary;
}
