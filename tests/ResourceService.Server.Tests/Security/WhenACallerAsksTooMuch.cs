namespace ResourceService.Server.Tests.Security;

public sealed class LimitedService() : SecuredService("--Limits:CallsPerSecond=50", "--Limits:CallsBurst=100", "--Limits:CallsInFlightMax=20");

public sealed class WhenACallerAsksTooMuch(LimitedService service) : IClassFixture<LimitedService>
{
    [Fact]
    public async Task It_is_told_to_come_back_and_others_are_served()
    {
        using var greedy = Named("greedy", "scheduler");
        using var modest = Named("modest", "operator");
        await modest.Nodes.RegisterNodeAsync(Requests.Node("rate", vcpus: 1000));
        var requests = Enumerable.Range(0, 150).Select(_ => Requests.Claim("rate")).ToList();
        var turnedAway = 0;

        await Task.WhenAll(requests.Select(async request =>
        {
            while (true)
            {
                try
                {
                    await greedy.Claims.ClaimInstanceAsync(request);
                    return;
                }
                catch (RpcException cause)
                {
                    var error = Expect.Error(cause.GetRpcStatus(), StatusCode.Unavailable, "CALLER_LIMITED");
                    if (Interlocked.Increment(ref turnedAway) == 1)
                        await modest.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = "rate" });
                    await Task.Delay(error.RetryDelay!.Value);
                }
            }
        }));

        Assert.True(turnedAway > 0, "150 at once never met the limits");
        Assert.Equal(150, (await modest.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = "rate" })).Node.Usage["VCPU"].Used);
        await service.LoggedAsync("caller_limited");
    }

    [Fact]
    public async Task Open_streams_count_as_calls_in_flight()
    {
        using var watcher = Named("watcher", "viewer");
        var watches = Enumerable.Range(0, 20).Select(_ => watcher.Nodes.WatchNodes(new WatchNodesRequest())).ToList();
        foreach (var watch in watches)
            Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));

        await Expect.ErrorAsync(watcher.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unavailable, "CALLER_LIMITED");

        watches.ForEach(watch => watch.Dispose());
        await Eventually.HoldsAsync("the places are free again", async () =>
        {
            try
            {
                await watcher.Nodes.ListNodesAsync(new ListNodesRequest());
                return true;
            }
            catch (RpcException cause) when (cause.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        });
    }

    /// <summary>More than a caller may ever ask at once is admitted when it has asked nothing for long enough.</summary>
    [Theory]
    [InlineData(90)]
    [InlineData(300)]
    public async Task A_batch_counts_as_many_calls_as_it_has_claims(int claims)
    {
        using var batcher = Named($"batcher-of-{claims}", "scheduler");
        var batch = new ClaimInstancesRequest { Requests = { Enumerable.Range(0, claims).Select(_ => Requests.Claim("nowhere")) } };
        await batcher.Claims.ClaimInstancesAsync(batch);

        await Expect.ErrorAsync(batcher.Claims.ClaimInstancesAsync(batch), StatusCode.Unavailable, "CALLER_LIMITED");
    }

    [Fact]
    public async Task A_batch_larger_than_the_caller_may_ask_at_once_is_paid_for_afterwards()
    {
        using var batcher = Named("batcher", "scheduler");
        var batch = new ClaimInstancesRequest { Requests = { Enumerable.Range(0, 1_000).Select(_ => Requests.Claim("nowhere")) } };
        await batcher.Claims.ClaimInstancesAsync(batch);

        var error = await Expect.ErrorAsync(batcher.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unavailable, "CALLER_LIMITED");

        // 900 more than the caller may ask at once, at 50 a second, less what was paid since.
        Assert.InRange(error.RetryDelay!.Value, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(18.1));
    }

    [Fact]
    public async Task A_stream_is_slowed_down_and_loses_nothing()
    {
        using var streamer = Named("streamer", "operator");
        await streamer.Nodes.RegisterNodeAsync(Requests.Node("stream", vcpus: 1000));
        using var stream = streamer.Claims.StreamClaims();
        for (var i = 0; i < 150; i++)
            await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = Requests.Claim("stream") });
        await stream.RequestStream.CompleteAsync();

        var claimed = 0;
        while (await stream.ResponseStream.MoveNext(CancellationToken.None))
            claimed += stream.ResponseStream.Current.Claim is null ? 0 : 1;

        Assert.Equal(150, claimed);
        // The stream has used up what the caller may ask at once.
        var batch = new ClaimInstancesRequest { Requests = { Enumerable.Range(0, 90).Select(_ => Requests.Claim("stream")) } };
        await Expect.ErrorAsync(streamer.Claims.ClaimInstancesAsync(batch), StatusCode.Unavailable, "CALLER_LIMITED");
    }

    private ServiceClients Named(string name, string role) => service.WithToken(service.Issuer.Sign(TestIssuer.Claims(name, role)));
}
