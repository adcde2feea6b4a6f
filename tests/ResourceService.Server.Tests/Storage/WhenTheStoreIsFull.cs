using Grpc.Health.V1;

namespace ResourceService.Server.Tests.Storage;

public sealed class WhenTheStoreIsFull
{
    private const string NodeId = "node-1";

    private readonly List<(ClaimInstanceRequest Request, Claim Claim)> _acknowledged = [];
    private ClaimInstanceRequest? _cutOff;

    [Fact]
    public async Task Callers_are_told_nothing_is_lost_and_a_larger_limit_serves_again()
    {
        using var directory = new TemporaryDirectory();
        await using (var small = await ServiceProcess.StartAsync(directory.Path, "--Storage:DatabaseSizeMaxMb=1"))
        {
            await RegisterAsync(small.Clients);
            await FillAsync(small.Clients);
            await StaysUnavailableAsync(small.Clients);
            Assert.NotEmpty(small.Log.Troubles);
            await small.KillHardAsync();
        }

        await using var large = await ServiceProcess.StartAsync(directory.Path, "--Storage:DatabaseSizeMaxMb=100");
        await EverythingIsThereAsync(large.Clients);
    }

    [Fact]
    public async Task A_full_disk_is_survived_and_the_service_resumes_by_itself_when_there_is_room()
    {
        var (disk, whyNot) = SmallDisk.TryMount(megabytes: 16);
        Assert.SkipWhen(disk is null, $"A small disk cannot be mounted here. {whyNot}");
        using (disk)
        {
            await using (var service = await ServiceProcess.StartAsync(Path.Combine(disk.Path, "data")))
            {
                await RegisterAsync(service.Clients);
                for (var i = 0; i < 100; i++)
                    Assert.True(await TryClaimAsync(service.Clients));
                disk.Fill();
                await FillAsync(service.Clients);
                await StaysUnavailableAsync(service.Clients);

                disk.Empty();

                await Eventually.HoldsAsync("the service is ready again", () => ServesAsync(service.Clients));
                await EverythingIsThereAsync(service.Clients);
                Assert.Contains(service.Log.All, line => line.Contains("The store is back", StringComparison.Ordinal));
                Assert.Equal(0, await service.StopGentlyAsync());
            }

            await using var restarted = await ServiceProcess.StartAsync(Path.Combine(disk.Path, "data"));
            await EverythingIsThereAsync(restarted.Clients);
        }
    }

    private static Task RegisterAsync(ServiceClients clients) =>
        clients.Nodes.RegisterNodeAsync(Requests.Node(NodeId, vcpus: 1_000_000, memoryMb: 1_000_000_000)).ResponseAsync;

    private static async Task<bool> ServesAsync(ServiceClients clients) =>
        await clients.HealthOfAsync("readiness") == HealthCheckResponse.Types.ServingStatus.Serving;

    // Claims until the store takes no more.
    private async Task FillAsync(ServiceClients clients)
    {
        while (await TryClaimAsync(clients))
            Assert.True(_acknowledged.Count < 100_000, "the store never fills");
    }

    // While there is no room every claim fails as documented, readiness says so, liveness and reads go on, and the books balance.
    private async Task StaysUnavailableAsync(ServiceClients clients)
    {
        await Eventually.HoldsAsync("the service is not ready", async () => !await ServesAsync(clients));
        for (var i = 0; i < 50; i++)
        {
            // The service asks the store again and again whether it takes a small change, which may still have room where a claim has none: it
            // then says that it is ready until the next claim fails.
            await Eventually.HoldsAsync("a claim fails and the service is not ready", async () =>
            {
                Assert.False(await TryClaimAsync(clients));
                return await clients.HealthOfAsync("") == HealthCheckResponse.Types.ServingStatus.NotServing;
            });
        }

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await clients.HealthOfAsync("liveness"));
        await NothingIsLostAsync(clients);
    }

    private async Task<bool> TryClaimAsync(ServiceClients clients)
    {
        var request = Requests.Claim(NodeId);
        try
        {
            _acknowledged.Add((request, (await clients.Claims.ClaimInstanceAsync(request)).Claim));
            return true;
        }
        catch (RpcException cause)
        {
            var failure = RpcFailure.Of(cause);
            Assert.Equal(StatusCode.Unavailable, failure.Code);
            Assert.Contains(failure.Reason, (IEnumerable<string>)["STORE_UNAVAILABLE", "COMMIT_IN_DOUBT"]);
            Assert.NotNull(failure.RetryDelay);
            _cutOff = request;
            return false;
        }
    }

    private async Task NothingIsLostAsync(ServiceClients clients)
    {
        var books = await LedgerBooks.ReadAsync(clients);
        Assert.Empty(books.Imbalances());
        Assert.Equal(
            _acknowledged.Select(item => item.Claim.ClaimId).Order(StringComparer.Ordinal),
            books.LiveClaims.Select(claim => claim.ClaimId).Order(StringComparer.Ordinal));
    }

    private async Task EverythingIsThereAsync(ServiceClients clients)
    {
        await NothingIsLostAsync(clients);
        foreach (var (sent, claim) in _acknowledged.TakeLast(20))
            Assert.Equal(claim, (await clients.Claims.ClaimInstanceAsync(sent)).Claim);

        // What was cut off holds nothing, and its retry is served now.
        if (_cutOff is { } request)
            _acknowledged.Add((request, (await clients.Claims.ClaimInstanceAsync(request)).Claim));
        _cutOff = null;
        Assert.True(await TryClaimAsync(clients));
        await NothingIsLostAsync(clients);
    }
}
