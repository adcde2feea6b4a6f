using Google.Protobuf;

namespace ResourceService.Server.Tests.Paging;

/// <summary>A fleet whose nodes and claims have so much to say that a hundred of them are more than gRPC's clients take in one message.</summary>
public class WordyFleet : OwnedService
{
    public const int NodeCount = 40;
    public const int ClaimCount = 40;

    public WordyFleet()
    {
    }

    internal WordyFleet(params string[] settings)
        : base(settings)
    {
    }

    /// <summary>Long names, as many as a node may have of them.</summary>
    internal static IReadOnlyList<string> Classes { get; } = [.. Enumerable.Range(100, 250).Select(i => $"CUSTOM_{new string('X', 240)}_{i}")];

    internal static string NodeId(int i) => $"wordy-{i:d2}";

    internal static RegisterNodeRequest Node(int i)
    {
        var node = new RegisterNodeRequest { NodeId = NodeId(i) };
        foreach (var name in Classes)
            node.Inventories.Add(name, new Inventory { Total = 1000 });
        return node;
    }

    internal static ResourceRequest Everything()
    {
        var request = new ResourceRequest();
        foreach (var name in Classes)
            request.Resources.Add(name, 1);
        return request;
    }

    protected override async Task FillAsync()
    {
        for (var i = 0; i < NodeCount; i++)
            await Clients.Nodes.RegisterNodeAsync(Node(i));
        for (var i = 0; i < ClaimCount; i++)
        {
            await Clients.Claims.ClaimInstanceAsync(new ClaimInstanceRequest
            {
                NodeId = NodeId(0),
                Instance = new Instance { InstanceId = $"talker-{i:d2}" },
                Resources = Everything(),
            });
        }
    }
}

/// <summary>Clients with the limit that gRPC gives them, 4 MiB, get every page.</summary>
public sealed class WhenWhatIsListedIsLarge(WordyFleet service) : IClassFixture<WordyFleet>
{
    // What a page may have, and the names of its fields.
    private const int PageBytesMax = (1 << 20) + 4096;

    [Theory]
    [InlineData(NodeDetail.Basic)]
    [InlineData(NodeDetail.Full)]
    public async Task Nodes_come_on_as_many_pages_as_they_need(NodeDetail detail)
    {
        var request = new ListNodesRequest { PageSize = 1000, Detail = detail };
        var pages = await PagesAsync(request, async () => await service.Clients.Nodes.ListNodesAsync(request), page => request.PageToken = page.NextPageToken);

        Assert.Equal(Enumerable.Range(0, WordyFleet.NodeCount).Select(WordyFleet.NodeId), pages.SelectMany(page => page.Nodes).Select(node => node.NodeId));
        Assert.Single(pages.Select(page => page.Revision).Distinct());
    }

    [Theory]
    [InlineData("")]
    [InlineData("wordy-00")]
    public async Task Claims_come_on_as_many_pages_as_they_need(string nodeId)
    {
        var request = new ListClaimsRequest { PageSize = 1000, NodeId = nodeId };
        var pages = await PagesAsync(request, async () => await service.Clients.Claims.ListClaimsAsync(request), page => request.PageToken = page.NextPageToken);

        Assert.Equal(
            Enumerable.Range(0, WordyFleet.ClaimCount).Select(i => $"talker-{i:d2}"),
            pages.SelectMany(page => page.Claims).Select(claim => claim.Instance.InstanceId));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Events_come_on_as_many_pages_as_they_need(bool newestFirst)
    {
        var request = new ListEventsRequest { PageSize = 1000, NewestFirst = newestFirst, Kinds = { EventKind.InstanceClaimed } };
        var pages = await PagesAsync(request, async () => await service.Clients.Audits.ListEventsAsync(request), page => request.PageToken = page.NextPageToken);

        var revisions = pages.SelectMany(page => page.Events).Select(item => item.Revision).ToList();
        Assert.Equal(WordyFleet.ClaimCount, revisions.Distinct().Count());
        Assert.Equal(newestFirst ? revisions.OrderDescending() : revisions.Order(), revisions);
    }

    [Fact]
    public async Task The_best_candidates_come_and_the_others_are_left_out()
    {
        var found = await service.Clients.Nodes.FindCandidatesAsync(new FindCandidatesRequest { Resources = WordyFleet.Everything(), Limit = 1000 });

        Assert.InRange(found.CalculateSize(), 1, PageBytesMax);
        Assert.InRange(found.Candidates.Count, 2, WordyFleet.NodeCount - 1);
        Assert.Equal(WordyFleet.NodeCount, found.ExaminedNodeCount);
        var fewer = await service.Clients.Nodes.FindCandidatesAsync(new FindCandidatesRequest { Resources = WordyFleet.Everything(), Limit = 2 });
        Assert.Equal(fewer.Candidates, found.Candidates.Take(2));
    }

    [Fact]
    public async Task An_item_that_is_larger_than_a_page_is_a_page_of_its_own()
    {
        var large = WordyFleet.Node(WordyFleet.NodeCount);
        large.NodeId = "larger-than-a-page";
        large.Labels.Add("zone", "large");
        large.Traits.Add(Enumerable.Range(1000, 1000).Select(i => $"CUSTOM_{new string('T', 240)}_{i}"));
        large.Devices.Add(Enumerable.Range(0, 4096).Select(i => new Device
        {
            Address = $"{i:x4}:00:00.0",
            VendorId = "8086",
            ProductId = "158b",
            Type = DeviceType.Pci,
            Tags = { ["slot"] = new string('s', 200) },
        }));
        await service.Clients.Nodes.RegisterNodeAsync(large);
        var small = Requests.Node("smaller-than-a-page");
        small.Labels.Add("zone", "large");
        await service.Clients.Nodes.RegisterNodeAsync(small);
        var request = new ListNodesRequest { PageSize = 1000, Detail = NodeDetail.Full, Filter = Requests.InZone("large") };

        var first = await service.Clients.Nodes.ListNodesAsync(request);
        Assert.InRange(first.CalculateSize(), 1 << 20, 4 << 20);
        Assert.Equal("larger-than-a-page", Assert.Single(first.Nodes).NodeId);
        request.PageToken = first.NextPageToken;
        Assert.Equal("smaller-than-a-page", Assert.Single((await service.Clients.Nodes.ListNodesAsync(request)).Nodes).NodeId);
        await service.Clients.Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = "larger-than-a-page" });
        await service.Clients.Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = "smaller-than-a-page" });
    }

    private static async Task<IReadOnlyList<TPage>> PagesAsync<TPage>(IMessage list, Func<Task<TPage>> read, Func<TPage, string> goOn)
        where TPage : IMessage
    {
        var pages = new List<TPage>();
        do
        {
            pages.Add(await read());
            Assert.InRange(pages[^1].CalculateSize(), 1, PageBytesMax);
            Assert.True(pages.Count <= 100, $"No end of {list}");
        }
        while (goOn(pages[^1]).Length > 0);
        Assert.True(pages.Count > 1, "All fits on one page: nothing is tested");
        return pages;
    }
}
