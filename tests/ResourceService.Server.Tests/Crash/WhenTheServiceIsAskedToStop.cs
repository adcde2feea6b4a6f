using Grpc.Health.V1;

namespace ResourceService.Server.Tests.Crash;

public sealed class WhenTheServiceIsAskedToStop(ITestOutputHelper output)
{
    [Fact]
    public async Task It_finishes_what_it_accepted_and_exits_with_0()
    {
        var seed = Seed.Choose();
        output.WriteLine(Seed.Describe(seed));
        var random = new Random(seed);
        var fleet = new LoadedFleet(seed);
        using var directory = new TemporaryDirectory();

        for (var stop = 1; stop <= 4; stop++)
        {
            await using var service = await ServiceProcess.StartAsync(directory.Path);
            if (stop == 1)
                await LoadedFleet.RegisterAsync(service.Clients);
            else
                await fleet.VerifyAsync(service.Clients);

            var running = fleet.RunAsync(service.Clients);
            await Task.Delay(random.Next(50, 500));
            Assert.Equal(0, await service.StopGentlyAsync());
            await running;
            Expect.Quiet(service.Log);
            Assert.Contains(service.Log.All, line => line.Contains("Stopped: everything accepted is durable", StringComparison.Ordinal));
        }

        await using var last = await ServiceProcess.StartAsync(directory.Path);
        await fleet.VerifyAsync(last.Clients);
    }

    [Fact]
    public async Task Open_streams_end_with_a_status_and_do_not_hold_it_up()
    {
        using var directory = new TemporaryDirectory();
        await using var service = await ServiceProcess.StartAsync(directory.Path);
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        using var watch = service.Clients.Nodes.WatchNodes(new WatchNodesRequest());
        using var claims = service.Clients.Claims.StreamClaims();
        using var health = service.Clients.Health.Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.True(await health.ResponseStream.MoveNext(CancellationToken.None));
        await claims.RequestStream.WriteAsync(new StreamClaimsRequest { Request = Requests.Claim("node-1") });
        Assert.True(await claims.ResponseStream.MoveNext(CancellationToken.None));

        var watching = Expect.ErrorAsync(watch.ResponseStream, StatusCode.Unavailable, "NOT_SERVING");
        var claiming = Assert.ThrowsAsync<RpcException>(async () => await claims.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(0, await service.StopGentlyAsync());
        await watching;
        // The caller's side of this stream is open, and .NET's client then forgets a status that it has not read when the connection closes.
        var ending = RpcFailure.Of(await claiming);
        Assert.True(
            ending is { Code: StatusCode.Unavailable, Reason: "NOT_SERVING" }
            || ending.Message.Contains("The HTTP/2 server closed the connection. HTTP/2 error code 'NO_ERROR'", StringComparison.Ordinal),
            ending.ToString());
    }

    [Fact]
    public async Task A_watcher_that_is_behind_learns_why_it_ends()
    {
        using var directory = new TemporaryDirectory();
        await using var service = await ServiceProcess.StartAsync(directory.Path);
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1", vcpus: 100_000, memoryMb: 100_000_000));
        using var watch = service.Clients.Nodes.WatchNodes(new WatchNodesRequest());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        // More changes than a connection takes unread: the service waits in the middle of a write.
        for (var i = 0; i < 10; i++)
        {
            await service.Clients.Claims.ClaimInstancesAsync(
                new ClaimInstancesRequest { Requests = { Enumerable.Range(0, 1000).Select(_ => Requests.Claim("node-1")) } });
        }

        await service.AskToStopAsync();
        await Eventually.HoldsAsync("the service begins to stop", () => Task.FromResult(
            service.Log.All.Any(line => line.Contains("Stopping", StringComparison.Ordinal))));

        await Expect.ErrorAsync(watch.ResponseStream, StatusCode.Unavailable, "NOT_SERVING");
        Assert.Equal(0, await service.StoppedAsync());
    }
}
