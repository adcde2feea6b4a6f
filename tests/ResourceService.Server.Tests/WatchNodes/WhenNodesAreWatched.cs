namespace ResourceService.Server.Tests.WatchNodes;

public sealed class WhenNodesAreWatched(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Every_change_comes_once_and_in_order_from_the_lists_revision_on()
    {
        var node = await RegisterAsync(vcpus: 100);
        var revision = (await Nodes.ListNodesAsync(new ListNodesRequest { PageSize = 1 })).Revision;
        await MakeClaimsAsync(node.NodeId, 10);

        using var watch = Nodes.WatchNodes(new WatchNodesRequest { Revision = revision, NodeIds = { node.NodeId } });
        var begin = await NextAsync(watch);
        Assert.Equal(revision, begin.Revision);
        Assert.Null(begin.Change);
        var seen = await ChangesAsync(watch, 10);
        await MakeClaimsAsync(node.NodeId, 10);
        seen.AddRange(await ChangesAsync(watch, 10));

        Assert.Equal(Enumerable.Range(2, 20).Select(i => (long)i), seen.Select(item => item.Change.Generation));
        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), seen.Select(item => item.Change.Used["VCPU"]));
        Assert.Equal(Enumerable.Range(1, 20), seen.Select(item => item.Change.ClaimCount));
        Assert.Equal(seen.Select(item => item.Revision).Order(), seen.Select(item => item.Revision));
    }

    [Fact]
    public async Task A_watch_that_was_cut_resumes_without_skipping_or_repeating_any()
    {
        var node = await RegisterAsync(vcpus: 1000);
        var revision = (await Nodes.ListNodesAsync(new ListNodesRequest { PageSize = 1 })).Revision;
        var making = MakeClaimsAsync(node.NodeId, 60);

        var generations = new List<long>();
        while (generations.Count < 60)
        {
            using var watch = Nodes.WatchNodes(new WatchNodesRequest { Revision = revision, NodeIds = { node.NodeId } });
            await NextAsync(watch);
            foreach (var item in await ChangesAsync(watch, 7, atMost: 60 - generations.Count))
            {
                generations.Add(item.Change.Generation);
                revision = item.Revision;
            }
        }

        await making;
        Assert.Equal(Enumerable.Range(2, 60).Select(i => (long)i), generations);
    }

    [Fact]
    public async Task Registration_state_and_deletion_are_changes_too()
    {
        // A revision of 0 would mean from now on: something must have happened before.
        await RegisterAsync(vcpus: 1);
        var nodeId = Unique.Id("node");
        var revision = (await Nodes.ListNodesAsync(new ListNodesRequest { PageSize = 1 })).Revision;
        await Nodes.RegisterNodeAsync(Requests.Node(nodeId));
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = nodeId, State = NodeState.Draining });
        await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = nodeId });

        using var watch = Nodes.WatchNodes(new WatchNodesRequest { Revision = revision, NodeIds = { nodeId } });
        await NextAsync(watch);
        var changes = (await ChangesAsync(watch, 3)).ConvertAll(item => item.Change);

        Assert.Equal([NodeState.Enabled, NodeState.Draining, NodeState.Unspecified], changes.Select(change => change.State));
        Assert.Equal([false, false, true], changes.Select(change => change.Deleted));
        Assert.Equal(8, changes[0].Capacity["VCPU"]);
        Assert.Empty(changes[1].Capacity);
    }

    [Fact]
    public async Task A_revision_in_the_future_is_out_of_range()
    {
        using var watch = Nodes.WatchNodes(new WatchNodesRequest { Revision = long.MaxValue });

        var error = await Expect.ErrorAsync(watch.ResponseStream, StatusCode.OutOfRange, "REVISION_IN_FUTURE");

        Assert.True(long.Parse(error.Metadata["latest_revision"]) >= 0);
    }

    private async Task MakeClaimsAsync(string nodeId, int count)
    {
        for (var i = 0; i < count; i++)
            await ClaimAsync(nodeId);
    }

    private static async Task<WatchNodesResponse> NextAsync(AsyncServerStreamingCall<WatchNodesResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        return watch.ResponseStream.Current;
    }

    private static async Task<List<WatchNodesResponse>> ChangesAsync(
        AsyncServerStreamingCall<WatchNodesResponse> watch, int count, int atMost = int.MaxValue)
    {
        var changes = new List<WatchNodesResponse>();
        while (changes.Count < Math.Min(count, atMost))
        {
            var next = await NextAsync(watch);
            if (next.Change is not null)
                changes.Add(next);
        }

        return changes;
    }
}
