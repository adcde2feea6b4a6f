namespace ResourceService.Server.Tests.ListUsageSnapshots;

/// <summary>The shared service samples every second.</summary>
public sealed class WhenUsageIsSampled(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task The_usage_after_changes_is_kept_also_of_a_deleted_node()
    {
        var node = await RegisterAsync(vcpus: 4);
        await SampledAsync(node.NodeId, used: 0);
        var claim = await ClaimAsync(node.NodeId, vcpus: 3);
        await SampledAsync(node.NodeId, used: 3);
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });
        await SampledAsync(node.NodeId, used: 0);

        var snapshots = await ListAsync(node.NodeId);
        Assert.Equal([0, 3, 0], snapshots.Select(snapshot => snapshot.Usage["VCPU"].Used));
        Assert.Equal([0, 1, 0], snapshots.Select(snapshot => snapshot.ClaimCount));
        Assert.Equal([1, 2, 3], snapshots.Select(snapshot => snapshot.Generation));
        Assert.All(snapshots, snapshot => Assert.Equal((4, NodeState.Enabled), (snapshot.Usage["VCPU"].Capacity, snapshot.State)));

        await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId });
        Assert.True((await ListAsync(node.NodeId)).Count >= 3);

        // Pages, a span of time and thinning select from the same snapshots.
        var first = snapshots[0].SnapshotTime;
        var paged = new ListUsageSnapshotsRequest { NodeId = node.NodeId, PageSize = 1 };
        var page = await Nodes.ListUsageSnapshotsAsync(paged);
        Assert.Equal(snapshots[0], Assert.Single(page.Snapshots));
        paged.PageToken = page.NextPageToken;
        Assert.Equal(snapshots[1], Assert.Single((await Nodes.ListUsageSnapshotsAsync(paged)).Snapshots));
        Assert.Equal(snapshots[0], Assert.Single(await ListAsync(node.NodeId, new() { EndTime = snapshots[1].SnapshotTime })));
        Assert.Equal(snapshots[1], (await ListAsync(node.NodeId, new() { StartTime = snapshots[1].SnapshotTime }))[0]);
        Assert.Equal(first, Assert.Single(await ListAsync(node.NodeId, new() { Interval = Requests.Seconds(3600) })).SnapshotTime);
    }

    [Fact]
    public async Task An_unknown_node_is_not_found() => await Expect.ErrorAsync(
        Nodes.ListUsageSnapshotsAsync(new ListUsageSnapshotsRequest { NodeId = "never-registered" }), StatusCode.NotFound, "NODE_NOT_FOUND");

    private async Task<IReadOnlyList<UsageSnapshot>> ListAsync(string nodeId, ListUsageSnapshotsRequest? request = null)
    {
        request ??= new ListUsageSnapshotsRequest();
        request.NodeId = nodeId;
        return (await Nodes.ListUsageSnapshotsAsync(request)).Snapshots;
    }

    private Task SampledAsync(string nodeId, long used) => Eventually.HoldsAsync(
        $"the usage of {nodeId} is sampled with {used} VCPU",
        async () => await ListAsync(nodeId) is [.., var last] && last.Usage["VCPU"].Used == used);
}
