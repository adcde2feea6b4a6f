using Google.Protobuf.WellKnownTypes;

namespace ResourceService.Server.Tests.ListEvents;

public sealed class WhenHistoryIsRead(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Each_mutation_leaves_one_event_in_the_order_of_generations()
    {
        var (node, claim) = await LiveAndDieAsync();

        var events = await EventsAsync(node.NodeId);

        Assert.Equal(
            [
                EventKind.NodeRegistered, EventKind.InstanceClaimed, EventKind.ClaimRenewed, EventKind.ClaimConfirmed, EventKind.InstanceUpdated,
                EventKind.ClaimReleased,
            ],
            events.Select(item => item.Kind));
        Assert.Equal([1, 2, 3, 4, 5, 6], events.Select(item => item.NodeGeneration));
        Assert.Equal(events.Select(item => item.Revision).Order(), events.Select(item => item.Revision));
        Assert.All(events.Skip(1), item => Assert.Equal(claim.ClaimId, item.ClaimId));
        Assert.Equal([0, 2, 2, 2, 2, 0], events.Select(item => item.Used.TryGetValue("VCPU", out var used) ? used : 0));
    }

    [Fact]
    public async Task Filters_must_all_hold()
    {
        var (node, claim) = await LiveAndDieAsync();
        var all = await EventsAsync(node.NodeId);

        Assert.Equal(all.Skip(1), await ListAsync(new() { InstanceId = claim.Instance.InstanceId }));
        Assert.Equal(all.Skip(1), await ListAsync(new() { ClaimId = claim.ClaimId }));
        Assert.Equal([all[3], all[5]], await ListAsync(
            new() { NodeId = node.NodeId, Kinds = { EventKind.ClaimReleased, EventKind.ClaimConfirmed } }));
        Assert.Equal(all.Skip(2), await ListAsync(new() { NodeId = node.NodeId, Revision = all[1].Revision }));
        Assert.Equal(all, await ListAsync(new() { NodeId = node.NodeId, Actor = all[0].Actor }));
        Assert.Empty(await ListAsync(new() { NodeId = node.NodeId, Actor = "nobody" }));
        Assert.Empty(await ListAsync(new() { NodeId = "never-registered" }));
        Assert.Empty(await ListAsync(new() { MigrationId = "m-1-1" }));
        Assert.Empty(await ListAsync(new() { NodeId = node.NodeId, Kinds = { EventKind.NodeAudited } }));
        Assert.Equal(all, await ListAsync(new() { NodeId = node.NodeId, StartTime = all[0].EventTime }));
        Assert.Empty(await ListAsync(new() { NodeId = node.NodeId, EndTime = all[0].EventTime }));
        Assert.Empty(await ListAsync(new() { NodeId = node.NodeId, StartTime = new Timestamp { Seconds = all[^1].EventTime.Seconds + 1 } }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pages_give_each_event_once_in_the_order_asked_for(bool newestFirst)
    {
        var (node, _) = await LiveAndDieAsync();
        var expected = await EventsAsync(node.NodeId);
        var request = new ListEventsRequest { NodeId = node.NodeId, NewestFirst = newestFirst, PageSize = 4 };

        var first = await Audits.ListEventsAsync(request);
        request.PageToken = first.NextPageToken;
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = node.NodeId, State = NodeState.Disabled });
        var second = await Audits.ListEventsAsync(request);

        Assert.Equal(newestFirst ? expected.Reverse() : expected, first.Events.Concat(second.Events));
        Assert.Equal((4, "", first.Revision), (first.Events.Count, second.NextPageToken, second.Revision));
    }

    [Fact]
    public async Task A_watch_from_the_lists_revision_shows_what_the_list_does_not()
    {
        var node = await RegisterAsync();
        var list = await Audits.ListEventsAsync(new ListEventsRequest { NodeId = node.NodeId });
        using var watch = Audits.WatchEvents(new WatchEventsRequest { Revision = list.Revision, NodeId = node.NodeId });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal((list.Revision, null), (watch.ResponseStream.Current.Revision, watch.ResponseStream.Current.Event));

        var claim = await ClaimAsync(node.NodeId);

        do
        {
            Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        }
        while (watch.ResponseStream.Current.Event is null);
        Assert.Equal((await EventsAsync(node.NodeId))[^1], watch.ResponseStream.Current.Event);
        Assert.Equal(claim.ClaimId, watch.ResponseStream.Current.Event.ClaimId);
    }

    [Fact]
    public async Task VerifyLedger_counts_what_it_verified_and_finds_no_difference()
    {
        var node = await RegisterAsync();
        await ClaimAsync(node.NodeId);
        await ClaimAsync(node.NodeId);

        var one = await Audits.VerifyLedgerAsync(new VerifyLedgerRequest { NodeId = node.NodeId });
        var all = await Audits.VerifyLedgerAsync(new VerifyLedgerRequest());

        Assert.Equal((1, 2, 0), (one.NodeCount, one.ClaimCount, one.DifferenceCount));
        Assert.True(all.NodeCount >= 1 && all.ClaimCount >= 2);
        Assert.Empty(all.Differences);
        await Expect.ErrorAsync(
            Audits.VerifyLedgerAsync(new VerifyLedgerRequest { NodeId = "never-registered" }), StatusCode.NotFound, "NODE_NOT_FOUND");
    }

    // One of each change that a claim can see.
    private async Task<(Node Node, Claim Claim)> LiveAndDieAsync()
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId, vcpus: 2);
        await Claims.RenewClaimAsync(new RenewClaimRequest { ClaimId = claim.ClaimId });
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        await Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = claim.Instance.InstanceId, VmState = "active" });
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });
        return (node, claim);
    }

    private async Task<IEnumerable<Event>> ListAsync(ListEventsRequest request) => (await Audits.ListEventsAsync(request)).Events;
}
