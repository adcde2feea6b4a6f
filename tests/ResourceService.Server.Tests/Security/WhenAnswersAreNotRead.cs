using Google.Protobuf;
using ResourceService.Server.Tests.Paging;
using ResourceService.Server.Tests.Wire;

namespace ResourceService.Server.Tests.Security;

public sealed class WhenAnswersAreNotRead(WordyFleet service) : IClassFixture<WordyFleet>
{
    private const string List = "/resourceservice.v1.NodeService/ListNodes";

    // By default all that is unread may be 128 MiB, a quarter of it one address's, and an answer takes a few times as much in memory.
    private const long GrowthMax = 400L << 20;

    private static readonly byte[] _page = new ListNodesRequest { Detail = NodeDetail.Full, PageSize = 1000 }.ToByteArray();

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
            await other.Nodes.ListNodesAsync(new ListNodesRequest());
        }

        // What the connection held is free again with it.
        await Eventually.HoldsAsync("the address is served again", () => IsServedAsync(service.Clients));
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
