namespace ResourceService.Server.Tests.SetNodeState;

public sealed class WhenANodeChangesState(SharedService service) : ServiceTest(service)
{
    [Theory]
    [InlineData(NodeState.Disabled, "DISABLED")]
    [InlineData(NodeState.Draining, "DRAINING")]
    public async Task It_takes_no_new_claims_but_lets_those_it_has_live(NodeState state, string name)
    {
        var node = await RegisterAsync();
        var held = await ClaimAsync(node.NodeId);

        var changed = (await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = node.NodeId, State = state, Reason = "new kernel" })).Node;
        Assert.Equal((state, "new kernel", 3L), (changed.State, changed.StateReason, changed.Generation));

        var error = await Expect.ErrorAsync(
            Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId)), StatusCode.FailedPrecondition, "NODE_NOT_ENABLED");
        Assert.Equal(name, error.Metadata["state"]);
        Assert.Equal(ClaimState.Active, (await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = held.ClaimId })).Claim.State);

        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = node.NodeId, State = NodeState.Enabled });
        await ClaimAsync(node.NodeId);
    }

    [Fact]
    public async Task The_event_tells_before_after_and_why()
    {
        var node = await RegisterAsync();
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = node.NodeId, State = NodeState.Draining, Reason = "broken fan" });

        var recorded = (await EventsAsync(node.NodeId))[^1];

        Assert.Equal(EventKind.NodeStateChanged, recorded.Kind);
        Assert.Equal((NodeState.Enabled, NodeState.Draining), (recorded.Before.NodeState, recorded.After.NodeState));
        Assert.Equal(("broken fan", 2L), (recorded.Reason, recorded.NodeGeneration));
    }

    [Fact]
    public async Task The_same_state_and_reason_again_change_nothing()
    {
        var node = await RegisterAsync();
        var request = new SetNodeStateRequest { NodeId = node.NodeId, State = NodeState.Disabled, Reason = "x" };

        await Nodes.SetNodeStateAsync(request);

        Assert.Equal(2, (await Nodes.SetNodeStateAsync(request)).Node.Generation);
        request.Reason = "y";
        Assert.Equal(3, (await Nodes.SetNodeStateAsync(request)).Node.Generation);
    }

    [Fact]
    public async Task A_stale_generation_and_an_unknown_node_are_refused()
    {
        var node = await RegisterAsync();
        var request = new SetNodeStateRequest { NodeId = node.NodeId, State = NodeState.Disabled, ExpectedGeneration = 7 };

        await Expect.ErrorAsync(Nodes.SetNodeStateAsync(request), StatusCode.Aborted, "STALE_GENERATION");
        request.NodeId = "never-registered";
        await Expect.ErrorAsync(Nodes.SetNodeStateAsync(request), StatusCode.NotFound, "NODE_NOT_FOUND");
        Assert.Equal(NodeState.Enabled, (await GetAsync(node.NodeId)).State);
    }
}
