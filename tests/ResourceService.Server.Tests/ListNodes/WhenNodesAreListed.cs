namespace ResourceService.Server.Tests.ListNodes;

public sealed class WhenNodesAreListed(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Filters_by_state_trait_label_and_exclusion_must_all_hold()
    {
        var trait = Unique.Trait();
        var zone = Unique.Id("zone");
        var all = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            var request = Requests.Node();
            request.Labels.Add("zone", zone);
            if (i % 2 == 0)
                request.Traits.Add(trait);
            all.Add((await Nodes.RegisterNodeAsync(request)).Node.NodeId);
        }

        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = all[0], State = NodeState.Disabled });

        Assert.Equal(all.Order(StringComparer.Ordinal), await ListAsync(Requests.InZone(zone)));
        Assert.Equal([all[0], all[2]], await ListAsync(new NodeFilter { RequiredTraits = { trait } }));
        Assert.Equal([all[1], all[3]], await ListAsync(new NodeFilter { ForbiddenTraits = { trait }, Labels = { ["zone"] = zone } }));
        Assert.Equal([all[0]], await ListAsync(new NodeFilter { RequiredTraits = { trait }, States = { NodeState.Disabled, NodeState.Draining } }));
        Assert.Equal([all[2]], await ListAsync(new NodeFilter { RequiredTraits = { trait }, ExcludedNodeIds = { all[0] } }));
        Assert.Empty(await ListAsync(new NodeFilter { Labels = { ["zone"] = zone, ["rack"] = "1" } }));
    }

    [Fact]
    public async Task Pages_give_each_node_once_in_order_with_one_revision()
    {
        var (zone, nodes) = await RegisterZoneAsync(1, 1, 1, 1, 1);
        var request = new ListNodesRequest { Filter = Requests.InZone(zone), PageSize = 2 };

        var pages = new List<ListNodesResponse>();
        do
        {
            pages.Add(await Nodes.ListNodesAsync(request));
            request.PageToken = pages[^1].NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal([2, 2, 1], pages.Select(page => page.Nodes.Count));
        Assert.Equal(nodes.Select(node => node.NodeId).Order(StringComparer.Ordinal), pages.SelectMany(page => page.Nodes).Select(node => node.NodeId));
        Assert.Single(pages.Select(page => page.Revision).Distinct());
    }

    [Fact]
    public async Task Details_come_only_when_asked_for()
    {
        var request = Requests.Node();
        request.Labels.Add("zone", request.NodeId);
        request.NumaTopology = new NumaTopology { Cells = { new NumaCell { CellId = 0, SharedCpus = { 0 }, MemoryMb = 1024 } } };
        await Nodes.RegisterNodeAsync(request);
        var list = new ListNodesRequest { Filter = Requests.InZone(request.NodeId) };

        var basic = Assert.Single((await Nodes.ListNodesAsync(list)).Nodes);
        list.Detail = NodeDetail.Full;
        var full = Assert.Single((await Nodes.ListNodesAsync(list)).Nodes);

        Assert.Null(basic.NumaTopology);
        Assert.Null(basic.Statistics);
        Assert.Equal(await GetAsync(request.NodeId), full);
    }

    [Fact]
    public async Task A_token_of_another_list_or_a_broken_one_is_refused()
    {
        var (zone, _) = await RegisterZoneAsync(1, 1);
        var token = (await Nodes.ListNodesAsync(new ListNodesRequest { Filter = Requests.InZone(zone), PageSize = 1 })).NextPageToken;
        Assert.NotEmpty(token);

        await RefusedAsync(new ListNodesRequest { PageToken = token });
        await RefusedAsync(new ListNodesRequest { Filter = Requests.InZone("other"), PageToken = token });
        await RefusedAsync(new ListNodesRequest { Filter = Requests.InZone(zone), PageToken = "x" + token });
        await RefusedAsync(new ListNodesRequest { Filter = Requests.InZone(zone), PageToken = "§$%" });
        await RefusedAsync(new ListNodesRequest { Filter = Requests.InZone(zone), PageToken = new string('A', 100_000) });

        async Task RefusedAsync(ListNodesRequest request) =>
            await Expect.ErrorAsync(Nodes.ListNodesAsync(request), StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN");
    }

    [Fact]
    public async Task A_token_of_another_method_is_refused()
    {
        await RegisterZoneAsync(1, 1);
        var ofNodes = (await Nodes.ListNodesAsync(new ListNodesRequest { PageSize = 1 })).NextPageToken;
        var ofEvents = (await Audits.ListEventsAsync(new ListEventsRequest { PageSize = 1 })).NextPageToken;

        await Expect.ErrorAsync(Audits.ListEventsAsync(new ListEventsRequest { PageToken = ofNodes }), StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN");
        await Expect.ErrorAsync(Claims.ListClaimsAsync(new ListClaimsRequest { PageToken = ofNodes }), StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN");
        await Expect.ErrorAsync(Nodes.ListNodesAsync(new ListNodesRequest { PageToken = ofEvents }), StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN");
    }

    private async Task<IEnumerable<string>> ListAsync(NodeFilter filter) =>
        (await Nodes.ListNodesAsync(new ListNodesRequest { Filter = filter })).Nodes.Select(node => node.NodeId);
}
