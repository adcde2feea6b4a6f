namespace ResourceService.Server.Tests.ReleaseInstance;

public sealed class WhenAnInstanceEnds(SharedService service) : ServiceTest(service)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_that_it_holds_is_released(bool confirmed)
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId, vcpus: 5);
        if (confirmed)
            await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });

        var released = (await Claims.ReleaseInstanceAsync(
            new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId, Reason = "shelved" })).Claims;

        Assert.Equal((claim.ClaimId, ClaimState.Released, "shelved"), (released[0].ClaimId, released[0].State, released[0].EndReason));
        Assert.Single(released);
        Assert.Equal((0L, 0), (await UsedAsync(node.NodeId), (await GetAsync(node.NodeId)).ClaimCount));
        var recorded = (await EventsAsync(node.NodeId))[^1];
        Assert.Equal((EventKind.ClaimReleased, "shelved"), (recorded.Kind, recorded.Reason));
        Assert.Equal(5, recorded.Before.Resources["VCPU"]);
        Assert.Empty(recorded.After.Resources);

        // It may come back.
        await ClaimAsync(node.NodeId, instanceId: claim.Instance.InstanceId);
    }

    [Fact]
    public async Task An_instance_that_holds_nothing_is_not_found()
    {
        var node = await RegisterAsync();
        var instance = (await ClaimAsync(node.NodeId)).Instance.InstanceId;
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = instance });

        var error = await Expect.ErrorAsync(
            Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = instance }), StatusCode.NotFound, "INSTANCE_NOT_FOUND");

        Assert.Equal(instance, error.Metadata["instance_id"]);
    }

    [Fact]
    public async Task A_disabled_node_releases_too()
    {
        var node = await RegisterAsync();
        var instance = (await ClaimAsync(node.NodeId)).Instance.InstanceId;
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = node.NodeId, State = NodeState.Disabled });

        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = instance });

        Assert.Equal(0, await UsedAsync(node.NodeId));
    }
}
