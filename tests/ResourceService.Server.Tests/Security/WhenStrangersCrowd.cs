using Grpc.Health.V1;
using ResourceService.Server.Tests.Wire;

namespace ResourceService.Server.Tests.Security;

/// <summary>A service with little room for callers that it does not know.</summary>
public sealed class NarrowService() : SecuredService("--Limits:HealthWatchesMax=8");

/// <summary>Who is not known takes all that it gets, and those who are known do not notice.</summary>
public sealed class WhenStrangersCrowd(NarrowService service) : IClassFixture<NarrowService>
{
    private const int WatchesOfAddress = 2;
    private const int WatchesOfAll = 8;

    [Fact]
    public async Task Watches_of_health_leave_room_for_those_who_are_known_and_for_probes()
    {
        var strangers = Enumerable.Range(10, 6).Select(i => From($"127.0.0.{i}")).ToList();
        var watches = new List<AsyncServerStreamingCall<HealthCheckResponse>>();
        try
        {
            foreach (var stranger in strangers.Take(WatchesOfAll / WatchesOfAddress))
            {
                for (var i = 0; i < WatchesOfAddress; i++)
                    watches.Add(await WatchAsync(stranger));
                await Expect.ErrorAsync(stranger.Health.Watch(new HealthCheckRequest()).ResponseStream, StatusCode.Unavailable, "CALLER_LIMITED");
            }

            // Nothing is left for another address either.
            await Expect.ErrorAsync(strangers[^1].Health.Watch(new HealthCheckRequest()).ResponseStream, StatusCode.Unavailable, "CALLER_LIMITED");
            foreach (var address in new[] { "127.0.0.1", "127.0.0.10" })
            {
                using var known = From(address, service.Issuer.Sign(TestIssuer.Claims("viewer-1", "viewer")));
                await known.Nodes.ListNodesAsync(new ListNodesRequest());
                for (var i = 0; i <= WatchesOfAddress; i++)
                    watches.Add(await WatchAsync(known));
            }

            using var certified = service.WithNames($"{SecuredService.Prefix}viewer");
            watches.Add(await WatchAsync(certified));
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await strangers[0].HealthOfAsync("readiness"));
            await service.LoggedAsync("address_limited");
        }
        finally
        {
            watches.ForEach(watch => watch.Dispose());
        }

        await Eventually.HoldsAsync("a place is free again", async () =>
        {
            try
            {
                (await WatchAsync(strangers[^1])).Dispose();
                return true;
            }
            catch (RpcException cause) when (cause.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        });
        strangers.ForEach(stranger => stranger.Dispose());
    }

    private ServiceClients From(string address, string? token = null)
    {
        var handler = SecuredService.Handler(service.Authority).From(address);
        return new(service.Strangers.Address, token is null ? handler : new BearerHandler(token, handler));
    }

    private static async Task<AsyncServerStreamingCall<HealthCheckResponse>> WatchAsync(ServiceClients clients)
    {
        var watch = clients.Health.Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        return watch;
    }
}
