namespace ResourceService.Server.Tests.Crash;

public sealed class WhenTheServiceIsKilled(ITestOutputHelper output)
{
    private const int KillCount = 22;

    [Fact]
    public async Task Everything_acknowledged_is_there_once_and_retries_get_the_first_answer()
    {
        var seed = Seed.Choose();
        output.WriteLine(Seed.Describe(seed));
        var random = new Random(seed);
        var fleet = new LoadedFleet(seed);
        using var directory = new TemporaryDirectory();

        for (var kill = 1; kill <= KillCount; kill++)
        {
            await using var service = await ServiceProcess.StartAsync(directory.Path);
            if (kill == 1)
                await LoadedFleet.RegisterAsync(service.Clients);
            else
                await fleet.VerifyAsync(service.Clients);

            var running = fleet.RunAsync(service.Clients);
            var lifetime = TimeSpan.FromMilliseconds(random.Next(5, 500));
            await Task.Delay(lifetime);
            await service.KillHardAsync();
            await running;
            output.WriteLine($"Kill {kill} after {lifetime.TotalMilliseconds} ms: {fleet.AcknowledgedCount} calls acknowledged so far");
        }

        await using var last = await ServiceProcess.StartAsync(directory.Path);
        await fleet.VerifyAsync(last.Clients);
        Assert.True(fleet.AcknowledgedCount > 20 * KillCount, $"only {fleet.AcknowledgedCount} calls were acknowledged: this tests nothing");
        Assert.Single(last.Log.All, line => line.Contains("Recovered in", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_lease_that_ends_while_the_service_is_down_ends_when_it_is_back()
    {
        using var directory = new TemporaryDirectory();
        var node = Requests.Node();
        Claim claim;
        await using (var first = await ServiceProcess.StartAsync(directory.Path))
        {
            await first.Clients.Nodes.RegisterNodeAsync(node);
            var request = Requests.Claim(node.NodeId);
            request.Lease = Requests.Seconds(1);
            claim = (await first.Clients.Claims.ClaimInstanceAsync(request)).Claim;
            await first.KillHardAsync();
        }

        await using var second = await ServiceProcess.StartAsync(directory.Path);

        await Eventually.HoldsAsync("the claim expires", async () =>
            (await second.Clients.Claims.GetClaimAsync(new GetClaimRequest { ClaimId = claim.ClaimId })).Claim.State == ClaimState.Expired);
        var events = (await second.Clients.Audits.ListEventsAsync(new ListEventsRequest { ClaimId = claim.ClaimId })).Events;
        Assert.Equal([EventKind.InstanceClaimed, EventKind.ClaimExpired], events.Select(item => item.Kind));
        await Expect.BalancedBooksAsync(second.Clients);
    }
}
