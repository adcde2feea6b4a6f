using Google.Protobuf;
using ResourceService.Server.Tests.Paging;
using ResourceService.Server.Tests.Wire;

namespace ResourceService.Server.Tests.Security;

public sealed class WhenAnswersAreNotRead(WordyFleet service) : IClassFixture<WordyFleet>
{
    private const string List = "/resourceservice.v1.NodeService/ListNodes";
    private const string Watch = "/resourceservice.v1.AuditService/WatchEvents";

    // By default all that is unread may be 128 MiB, a quarter of it one address's, and an answer takes a few times as much in memory.
    private const long GrowthMax = 400L << 20;

    private static readonly byte[] _page = new ListNodesRequest { Detail = NodeDetail.Full, PageSize = 1000 }.ToByteArray();

    private static readonly byte[] _history = new WatchEventsRequest { Revision = 1 }.ToByteArray();

    [Fact]
    public async Task Memory_stays_bounded_and_others_are_served()
    {
        const int Calls = 600;
        await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest());
        var before = service.Process.WorkingSetBytes;
        using var other = new ServiceClients(service.Clients.Address, new SocketsHttpHandler().From("127.0.0.2"));

        await using (var greedy = await RawHttp2.ConnectAsync(service.Clients.Address, window: 0))
        {
            for (var i = 0; i < Calls; i++)
                await greedy.CallAsync(List, _page);
            await Eventually.HoldsAsync("all calls are answered or refused", () => Task.FromResult(greedy.Begun + greedy.Refused == Calls));

            Assert.InRange(greedy.Begun, 16, 64);
            Assert.True(service.Process.WorkingSetBytes - before < GrowthMax, $"{service.Process.WorkingSetBytes >> 20} MiB, {before >> 20} before");
            await Expect.ErrorAsync(service.Clients.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unavailable, "CALLER_LIMITED");
            // Lists leave room for other calls, also of their own caller.
            await service.Clients.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = WordyFleet.NodeId(0) });
            await other.Nodes.ListNodesAsync(new ListNodesRequest());
        }

        // What the connection held is free again with it.
        await Eventually.HoldsAsync("the address is served again", () => IsServedAsync(service.Clients));
    }

    [Fact]
    public async Task What_watchers_leave_unread_is_bounded_too()
    {
        const int Watches = 600;
        // The history is five MiB: each watcher holds a little of it, and those that come last are told to come back.
        const long WatchGrowthMax = 250L << 20;
        await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest());
        var before = service.Process.WorkingSetBytes;
        await using var greedy = await RawHttp2.ConnectAsync(service.Clients.Address, window: 0, from: "127.0.0.3");

        for (var i = 0; i < Watches; i++)
            await greedy.CallAsync(Watch, _history);
        await Eventually.HoldsAsync("all watches are answered or refused", () => Task.FromResult(greedy.Begun + greedy.Refused == Watches));
        // The next in line has its turn when all of them had theirs.
        await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest());

        Assert.True(service.Process.WorkingSetBytes - before < WatchGrowthMax, $"{service.Process.WorkingSetBytes >> 20} MiB, {before >> 20} before");
    }

    private static async Task<bool> IsServedAsync(ServiceClients clients)
    {
        try
        {
            await clients.Nodes.ListNodesAsync(new ListNodesRequest());
            return true;
        }
        catch (RpcException cause) when (cause.StatusCode == StatusCode.Unavailable)
        {
            return false;
        }
    }
}
