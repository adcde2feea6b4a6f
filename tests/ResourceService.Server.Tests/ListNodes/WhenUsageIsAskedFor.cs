using Google.Protobuf.WellKnownTypes;

namespace ResourceService.Server.Tests.ListNodes;

/// <summary>Nodes by how much of them is in use, in an order of the caller's, and no more of each than is asked for.</summary>
public sealed class WhenUsageIsAskedFor(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Nodes_that_are_full_come_in_one_call()
    {
        var (zone, nodes) = await RegisterZoneAsync(4, 4, 8);
        await ClaimAsync(nodes[0].NodeId, vcpus: 4);
        await ClaimAsync(nodes[2].NodeId, vcpus: 7);

        Assert.Equal([nodes[0].NodeId], await ListAsync(zone, new UsageCondition { ResourceClass = "VCPU", MaxFree = 0 }));
        Assert.Equal([nodes[1].NodeId], await ListAsync(zone, new UsageCondition { ResourceClass = "VCPU", MinFree = 2 }));
        Assert.Equal([nodes[2].NodeId], await ListAsync(zone, new UsageCondition { ResourceClass = "VCPU", MinUsedRatio = 0.8, MaxUsedRatio = 0.9 }));
        Assert.Equal(3, (await ListAsync(zone, new UsageCondition { ResourceClass = "VCPU" })).Count);
        Assert.Empty(await ListAsync(zone, new UsageCondition { ResourceClass = "DISK_GB" }));
        Assert.Empty(await ListAsync(
            zone, new UsageCondition { ResourceClass = "VCPU", MaxFree = 0 }, new UsageCondition { ResourceClass = "MEMORY_MB", MaxFree = 0 }));
    }

    [Theory]
    [InlineData(NodeOrderKey.Free, "VCPU", false, new[] { 1, 0, 3, 2 })]
    [InlineData(NodeOrderKey.Free, "VCPU", true, new[] { 2, 3, 0, 1 })]
    [InlineData(NodeOrderKey.UsedRatio, "VCPU", true, new[] { 1, 0, 3, 2 })]
    [InlineData(NodeOrderKey.ClaimCount, "", true, new[] { 0, 3, 1, 2 })]
    [InlineData(NodeOrderKey.UpdateTime, "", true, new[] { 3, 1, 0, 2 })]
    public async Task Pages_in_an_order_give_each_node_once_with_one_revision(NodeOrderKey key, string resourceClass, bool descending, int[] expected)
    {
        var (zone, nodes) = await RegisterZoneAsync(4, 4, 8, 8);
        await LaterAsync(nodes[3].NodeId);
        for (var i = 0; i < 3; i++)
            await ClaimAsync(nodes[0].NodeId);
        await LaterAsync(nodes[0].NodeId);
        await ClaimAsync(nodes[1].NodeId, vcpus: 4);
        await LaterAsync(nodes[1].NodeId);
        for (var i = 0; i < 2; i++)
            await ClaimAsync(nodes[3].NodeId);
        var request = new ListNodesRequest
        {
            Filter = Requests.InZone(zone),
            Order = new NodeOrder { Key = key, ResourceClass = resourceClass, Descending = descending },
            PageSize = 3,
        };

        var pages = new List<ListNodesResponse>();
        do
        {
            pages.Add(await Nodes.ListNodesAsync(request));
            request.PageToken = pages[^1].NextPageToken;
        }
        while (request.PageToken.Length > 0 && pages.Count < nodes.Count);

        Assert.Equal([3, 1], pages.Select(page => page.Nodes.Count));
        Assert.Single(pages.Select(page => page.Revision).Distinct());
        Assert.Equal(expected.Select(i => nodes[i].NodeId), pages.SelectMany(page => page.Nodes).Select(node => node.NodeId));
    }

    [Fact]
    public async Task A_token_of_another_order_is_refused()
    {
        var (zone, _) = await RegisterZoneAsync(1, 1);
        var request = new ListNodesRequest { Filter = Requests.InZone(zone), PageSize = 1, Order = new NodeOrder { Key = NodeOrderKey.ClaimCount } };
        request.PageToken = (await Nodes.ListNodesAsync(request)).NextPageToken;
        Assert.Single((await Nodes.ListNodesAsync(request)).Nodes);

        request.Order.Descending = true;
        await Expect.ErrorAsync(Nodes.ListNodesAsync(request), StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN");
        request.Order = null;
        await Expect.ErrorAsync(Nodes.ListNodesAsync(request), StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN");
    }

    [Fact]
    public async Task A_mask_shows_what_it_names_and_nothing_else()
    {
        var request = Requests.Node(vcpus: 4);
        request.Labels.Add("zone", request.NodeId);
        request.NumaTopology = new NumaTopology { Cells = { new NumaCell { CellId = 0, SharedCpus = { 0 }, MemoryMb = 1024 } } };
        await Nodes.RegisterNodeAsync(request);
        await ClaimAsync(request.NodeId);
        var full = await GetAsync(request.NodeId);

        var masked = await MaskedAsync("node_id", "numa_usage", "statistics.instance_count", "statistics.instances_by_project", "usage", "register_time.seconds");

        Assert.Equal(
            new Node
            {
                NodeId = full.NodeId,
                NumaUsage = { full.NumaUsage },
                Usage = { full.Usage },
                Statistics = new NodeStatistics { InstanceCount = 1, InstancesByProject = { ["project-1"] = 1 } },
                RegisterTime = new Timestamp { Seconds = full.RegisterTime.Seconds },
            },
            masked);
        Assert.Equal(full, await MaskedAsync("*"));
        Assert.Equal(full, await MaskedAsync("node_id", "*"));
        Assert.Equal(full, await MaskedAsync([.. Node.Descriptor.Fields.InDeclarationOrder().Select(field => field.Name)]));
        Assert.Equal(new Node { Statistics = full.Statistics }, await MaskedAsync("statistics", "statistics.task_count"));
        Assert.Equal(new Node { Statistics = full.Statistics }, await MaskedAsync("statistics.task_count", "statistics"));
        Assert.Null((await MaskedAsync()).Statistics);

        async Task<Node> MaskedAsync(params string[] paths)
        {
            var mask = new FieldMask { Paths = { paths } };
            var listed = Assert.Single((await Nodes.ListNodesAsync(new ListNodesRequest { Filter = Requests.InZone(request.NodeId), ReadMask = mask })).Nodes);
            if (paths.Length > 0)
                Assert.Equal(listed, (await Nodes.GetNodeAsync(new GetNodeRequest { NodeId = request.NodeId, ReadMask = mask })).Node);
            return listed;
        }
    }

    [Fact]
    public async Task Ids_alone_make_pages_of_as_many_as_are_asked_for()
    {
        var (zone, nodes) = await RegisterZoneAsync(1, 1, 1);
        var request = new ListNodesRequest
        {
            Filter = Requests.InZone(zone),
            PageSize = 2,
            ReadMask = new FieldMask { Paths = { "claim_count" } },
            Detail = NodeDetail.Full,
        };

        var first = await Nodes.ListNodesAsync(request);
        request.PageToken = first.NextPageToken;
        var second = await Nodes.ListNodesAsync(request);

        Assert.Equal(nodes.Count, first.Nodes.Count + second.Nodes.Count);
        Assert.All(first.Nodes.Concat(second.Nodes), node => Assert.Equal(new Node(), node));
    }

    // Times are in milliseconds: waits until a change is later than the node's last.
    private async Task LaterAsync(string nodeId)
    {
        var last = (await GetAsync(nodeId)).UpdateTime;
        await Eventually.HoldsAsync("the clock has gone on", async () => (await RegisterAsync()).UpdateTime > last);
    }

    private async Task<IReadOnlyList<string>> ListAsync(string zone, params UsageCondition[] usage) =>
        [.. (await Nodes.ListNodesAsync(new ListNodesRequest { Filter = Requests.InZone(zone), Usage = { usage } })).Nodes.Select(node => node.NodeId)];
}
