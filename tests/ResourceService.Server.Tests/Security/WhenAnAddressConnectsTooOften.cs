using Grpc.Health.V1;
using ResourceService.Server.Tests.Wire;

namespace ResourceService.Server.Tests.Security;

public sealed class FewConnectionsOfOne() : OwnedService($"--Limits:ConnectionsPerAddressMax={Allowed}")
{
    public const int Allowed = 20;
}

public sealed class WhenAnAddressConnectsTooOften(FewConnectionsOfOne service) : IClassFixture<FewConnectionsOfOne>
{
    private const string Crowded = "127.0.0.2";

    [Fact]
    public async Task Its_connections_beyond_the_bound_are_closed_and_others_are_served()
    {
        using var another = new ServiceClients(service.Clients.Address, new SocketsHttpHandler().From("127.0.0.3"));
        using (var idle = await IdleConnections.OpenAsync(service.Clients.Address, 3 * FewConnectionsOfOne.Allowed, Crowded))
        {
            await Eventually.HoldsAsync("all beyond the bound are closed", () => Task.FromResult(idle.Closed >= 2 * FewConnectionsOfOne.Allowed));
            Assert.Equal(2 * FewConnectionsOfOne.Allowed, idle.Closed);
            await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest());
            await another.Nodes.ListNodesAsync(new ListNodesRequest());
            Assert.Null(await HealthOfCrowdedAsync());
            Assert.Contains(service.Process.Log.Troubles, line => line.Contains("address_limited", StringComparison.Ordinal));
        }

        await Eventually.HoldsAsync(
            "there is room for another", async () => await HealthOfCrowdedAsync() == HealthCheckResponse.Types.ServingStatus.Serving);
    }

    private async Task<HealthCheckResponse.Types.ServingStatus?> HealthOfCrowdedAsync()
    {
        using var clients = new ServiceClients(service.Clients.Address, new SocketsHttpHandler().From(Crowded));
        return await clients.HealthOfAsync("");
    }
}
