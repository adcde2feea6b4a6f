using Google.Protobuf;

namespace ResourceService.Server.Tests.Security;

/// <summary>A service that waits two seconds for who does not read.</summary>
public sealed class HurriedService() : OwnedService("--Requests:AnswerStallSeconds=2");

public sealed class WhenAConnectionStandsStill(HurriedService service) : IClassFixture<HurriedService>
{
    [Fact]
    public async Task A_connection_that_takes_nothing_is_closed_and_one_with_nothing_to_take_stays()
    {
        var node = (await service.Clients.Nodes.RegisterNodeAsync(Requests.Node())).Node.NodeId;
        using var quiet = new ServiceClients(service.Clients.Address);
        using var watch = quiet.Nodes.WatchNodes(new WatchNodesRequest());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        await using var stalled = await RawHttp2.ConnectAsync(service.Clients.Address, window: 10);
        await stalled.CallAsync("/resourceservice.v1.NodeService/GetNode", new GetNodeRequest { NodeId = node }.ToByteArray());

        await Eventually.ArrivesAsync("the service closes the connection that takes nothing", EndAsync(stalled.Closed));

        // The watch was as quiet for as long, and longer than the stalled connection was left in peace.
        var registered = (await service.Clients.Nodes.RegisterNodeAsync(Requests.Node())).Node.NodeId;
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(registered, watch.ResponseStream.Current.Change.NodeId);

        static async Task<bool> EndAsync(Task closed)
        {
            await closed;
            return true;
        }
    }
}
