namespace ResourceService.Server.Tests.Hosting;

/// <summary>A service that takes one change at a time and knows two nodes at most.</summary>
public sealed class NarrowService() : OwnedService("--Nodes:InFlightMax=1", "--Nodes:NodesMax=2", "--Requests:MessageBytesMax=100000");

public sealed class WhenALimitIsReached(NarrowService service) : IClassFixture<NarrowService>
{
    [Fact]
    public async Task Callers_beyond_it_are_told_to_come_back_and_get_their_claim_then()
    {
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1", vcpus: 1000));
        var requests = Enumerable.Range(0, 200).Select(_ => Requests.Claim("node-1")).ToList();
        var turnedAway = 0;

        await Task.WhenAll(requests.Select(ClaimUntilTakenAsync));

        Assert.True(turnedAway > 0, "200 at a time never met the limit of 1");
        var books = await LedgerBooks.ReadAsync(service.Clients);
        Assert.Empty(books.Imbalances());
        Assert.Equal(200, books.LiveClaims.Count);
        Expect.Quiet(service.Process.Log);

        async Task ClaimUntilTakenAsync(ClaimInstanceRequest request)
        {
            while (true)
            {
                try
                {
                    await service.Clients.Claims.ClaimInstanceAsync(request);
                    return;
                }
                catch (RpcException cause)
                {
                    var error = Expect.Error(cause.GetRpcStatus(), StatusCode.Unavailable, "QUEUE_FULL");
                    Interlocked.Increment(ref turnedAway);
                    await Task.Delay(error.RetryDelay!.Value);
                }
            }
        }
    }

    [Fact]
    public async Task More_nodes_than_allowed_are_refused_and_those_known_stay()
    {
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1", vcpus: 1000));
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-2"));

        await Expect.ErrorAsync(service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-3")), StatusCode.FailedPrecondition, "FLEET_FULL");

        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-2", vcpus: 16));
        Assert.Equal(2, (await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest())).Nodes.Count);
    }
}
