namespace ResourceService.Server.Tests.WatchEvents;

/// <summary>A service that waits one second for its watchers.</summary>
public sealed class ImpatientService() : OwnedService("--Requests:WatchStallSeconds=1");

public sealed class WhenAWatcherDoesNotRead(ImpatientService service) : IClassFixture<ImpatientService>
{
    [Fact]
    public async Task It_is_cut_off_and_misses_nothing_when_it_comes_back()
    {
        var node = (await service.Clients.Nodes.RegisterNodeAsync(Requests.Node(vcpus: 100_000, memoryMb: 100_000_000))).Node;
        using var watch = service.Clients.Audits.WatchEvents(new WatchEventsRequest { NodeId = node.NodeId });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        var begin = watch.ResponseStream.Current.Revision;

        // More than the connection's windows take.
        for (var i = 0; i < 40; i++)
        {
            var batch = new ClaimInstancesRequest();
            batch.Requests.Add(Enumerable.Range(0, 200).Select(_ => Requests.Claim(node.NodeId)));
            await service.Clients.Claims.ClaimInstancesAsync(batch);
        }

        await Eventually.HoldsAsync(
            "the watcher is cut off",
            () => Task.FromResult(service.Process.Log.Troubles.Any(line => line.Contains("cut off", StringComparison.Ordinal))));
        var revisions = new SortedSet<long>();
        var error = await ReadAsync(watch, revisions);
        Assert.Equal("WATCHER_TOO_SLOW", error?.Reason);
        var resumeFrom = long.Parse(error!.Metadata["revision"]);
        Assert.InRange(resumeFrom, begin, begin + 8_000);

        using var again = service.Clients.Audits.WatchEvents(new WatchEventsRequest { Revision = resumeFrom, NodeId = node.NodeId });
        await ReadAsync(again, revisions, until: begin + 8_000);
        Assert.Equal(Enumerable.Range(1, 8_000).Select(i => begin + i), revisions);
    }

    private static async Task<RpcFailure?> ReadAsync(
        AsyncServerStreamingCall<WatchEventsResponse> watch, SortedSet<long> revisions, long until = long.MaxValue)
    {
        try
        {
            while ((revisions.Count == 0 || revisions.Max < until) && await watch.ResponseStream.MoveNext(CancellationToken.None))
            {
                if (watch.ResponseStream.Current.Event is { } item)
                    revisions.Add(item.Revision);
            }

            return null;
        }
        catch (RpcException cause)
        {
            return RpcFailure.Of(cause);
        }
    }
}
