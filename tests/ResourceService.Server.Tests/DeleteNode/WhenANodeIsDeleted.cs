namespace ResourceService.Server.Tests.DeleteNode;

public sealed class WhenANodeIsDeleted(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task It_is_gone_and_its_history_stays()
    {
        var node = await RegisterAsync();

        Assert.Equal(0, (await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId, Reason = "sold" })).ReleasedClaimCount);

        await Expect.ErrorAsync(Nodes.GetNodeAsync(new GetNodeRequest { NodeId = node.NodeId }), StatusCode.NotFound, "NODE_NOT_FOUND");
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId)), StatusCode.NotFound, "NODE_NOT_FOUND");
        await Expect.ErrorAsync(Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId }), StatusCode.NotFound, "NODE_NOT_FOUND");
        var last = (await EventsAsync(node.NodeId))[^1];
        Assert.Equal((EventKind.NodeDeleted, "sold"), (last.Kind, last.Reason));
    }

    [Fact]
    public async Task Claims_forbid_it_without_force()
    {
        var node = await RegisterAsync();
        await ClaimAsync(node.NodeId);
        await ClaimAsync(node.NodeId);

        var error = await Expect.ErrorAsync(
            Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId }), StatusCode.FailedPrecondition, "NODE_HOLDS_CLAIMS");

        Assert.Equal("2", error.Metadata["claim_count"]);
        Assert.Equal(2, (await GetAsync(node.NodeId)).ClaimCount);
    }

    [Fact]
    public async Task Force_releases_its_claims_with_an_event_each()
    {
        var node = await RegisterAsync();
        var first = await ClaimAsync(node.NodeId);
        var second = await ClaimAsync(node.NodeId);
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = second.ClaimId });
        var requestId = Unique.RequestId();

        var answer = await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId, Force = true, RequestId = requestId });

        Assert.Equal(2, answer.ReleasedClaimCount);
        var events = (await EventsAsync(node.NodeId)).Where(item => item.RequestId == requestId).ToList();
        Assert.Equal([EventKind.ClaimReleased, EventKind.ClaimReleased, EventKind.NodeDeleted], events.Select(item => item.Kind));
        Assert.Equal([first.ClaimId, second.ClaimId, ""], events.Select(item => item.ClaimId));
        Assert.Equal(ClaimState.Released, (await GetClaimAsync(first.ClaimId)).State);
        Assert.NotEmpty((await GetClaimAsync(second.ClaimId)).EndReason);

        // The instance is free to be claimed elsewhere.
        var other = await RegisterAsync();
        await ClaimAsync(other.NodeId, instanceId: first.Instance.InstanceId);
    }

    [Fact]
    public async Task A_stale_generation_is_refused()
    {
        var node = await RegisterAsync();

        await Expect.ErrorAsync(
            Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId, ExpectedGeneration = 2 }), StatusCode.Aborted, "STALE_GENERATION");

        Assert.Equal(1, (await GetAsync(node.NodeId)).Generation);
    }
}
