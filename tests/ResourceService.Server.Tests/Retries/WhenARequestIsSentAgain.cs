namespace ResourceService.Server.Tests.Retries;

public sealed class WhenARequestIsSentAgain(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Every_mutation_answers_as_the_first_time_even_after_the_world_moved_on()
    {
        var nodeId = Unique.Id("node");
        var register = Requests.Node(nodeId);
        register.RequestId = Unique.RequestId();
        var disable = new SetNodeStateRequest { NodeId = nodeId, State = NodeState.Disabled, RequestId = Unique.RequestId() };
        var enable = new SetNodeStateRequest { NodeId = nodeId, State = NodeState.Enabled, RequestId = Unique.RequestId() };
        var claim = Requests.Claim(nodeId);
        var doomed = Requests.Claim(nodeId);

        var registered = await Nodes.RegisterNodeAsync(register);
        var disabled = await Nodes.SetNodeStateAsync(disable);
        var enabled = await Nodes.SetNodeStateAsync(enable);
        var claimed = await Claims.ClaimInstanceAsync(claim);
        var doomedClaim = await Claims.ClaimInstanceAsync(doomed);
        var renew = new RenewClaimRequest { ClaimId = claimed.Claim.ClaimId, RequestId = Unique.RequestId() };
        var confirm = new ConfirmClaimRequest { ClaimId = claimed.Claim.ClaimId, RequestId = Unique.RequestId() };
        var abort = new AbortClaimRequest { ClaimId = doomedClaim.Claim.ClaimId, RequestId = Unique.RequestId() };
        var update = new UpdateInstanceRequest { InstanceId = claim.Instance.InstanceId, VmState = "active", RequestId = Unique.RequestId() };
        var release = new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId, RequestId = Unique.RequestId() };
        var delete = new DeleteNodeRequest { NodeId = nodeId, RequestId = Unique.RequestId() };
        var renewed = await Claims.RenewClaimAsync(renew);
        var confirmed = await Claims.ConfirmClaimAsync(confirm);
        var aborted = await Claims.AbortClaimAsync(abort);
        var updated = await Claims.UpdateInstanceAsync(update);
        var released = await Claims.ReleaseInstanceAsync(release);
        var deleted = await Nodes.DeleteNodeAsync(delete);
        var history = await EventsAsync(nodeId);

        Assert.Equal(registered, await Nodes.RegisterNodeAsync(register));
        Assert.Equal(disabled, await Nodes.SetNodeStateAsync(disable));
        Assert.Equal(enabled, await Nodes.SetNodeStateAsync(enable));
        Assert.Equal(claimed, await Claims.ClaimInstanceAsync(claim));
        Assert.Equal(doomedClaim, await Claims.ClaimInstanceAsync(doomed));
        Assert.Equal(renewed, await Claims.RenewClaimAsync(renew));
        Assert.Equal(confirmed, await Claims.ConfirmClaimAsync(confirm));
        Assert.Equal(aborted, await Claims.AbortClaimAsync(abort));
        Assert.Equal(updated, await Claims.UpdateInstanceAsync(update));
        Assert.Equal(released, await Claims.ReleaseInstanceAsync(release));
        Assert.Equal(deleted, await Nodes.DeleteNodeAsync(delete));
        Assert.Equal(history, await EventsAsync(nodeId));
    }

    [Fact]
    public async Task Another_body_under_the_same_id_is_refused()
    {
        var node = await RegisterAsync();
        var request = Requests.Claim(node.NodeId);
        await Claims.ClaimInstanceAsync(request);
        var other = request.Clone();
        other.Resources.Resources["VCPU"] = 2;

        var error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(other), StatusCode.AlreadyExists, "REQUEST_ID_REUSED");

        Assert.Contains(request.RequestId, error.Message, StringComparison.Ordinal);
        Assert.Equal(1, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task Another_method_under_the_same_id_is_refused_even_when_its_bytes_are_the_same()
    {
        var node = await RegisterAsync();
        var id = Unique.RequestId();
        // ENABLED and true are both 1 in field 2: on the wire the two requests are equal.
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = node.NodeId, State = NodeState.Enabled, Reason = "x", RequestId = id });

        await Expect.ErrorAsync(
            Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId, Force = true, Reason = "x", RequestId = id }),
            StatusCode.AlreadyExists,
            "REQUEST_ID_REUSED");
    }

    [Fact]
    public async Task A_map_in_another_order_is_the_same_request()
    {
        var node = await RegisterAsync();
        var request = Requests.Claim(node.NodeId);
        var reordered = request.Clone();
        reordered.Resources.Resources.Clear();
        foreach (var (resourceClass, amount) in request.Resources.Resources.Reverse())
            reordered.Resources.Resources.Add(resourceClass, amount);

        Assert.Equal(await Claims.ClaimInstanceAsync(request), await Claims.ClaimInstanceAsync(reordered));
    }

    [Fact]
    public async Task An_id_in_other_letters_is_the_same_id()
    {
        var node = await RegisterAsync();
        var request = Requests.Claim(node.NodeId);
        // Most ids of tests have digits alone.
        request.RequestId = $"abc{request.RequestId[3..]}";
        var shouted = request.Clone();
        shouted.RequestId = request.RequestId.ToUpperInvariant();

        var first = await Claims.ClaimInstanceAsync(shouted);

        Assert.Equal(first, await Claims.ClaimInstanceAsync(request));
        Assert.Equal(first, await Claims.ClaimInstanceAsync(shouted));
        Assert.Equal(1, await UsedAsync(node.NodeId));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Ids_of_a_batch_in_other_letters_are_the_same_ids(bool allOrNothing, bool hasOwnId)
    {
        var node = await RegisterAsync();
        var batch = new ClaimInstancesRequest { AllOrNothing = allOrNothing, RequestId = hasOwnId ? Unique.RequestId() : "" };
        batch.Requests.Add([Requests.Claim(node.NodeId), Requests.Claim(node.NodeId)]);
        var shouted = batch.Clone();
        shouted.RequestId = batch.RequestId.ToUpperInvariant();
        shouted.Requests[1].RequestId = batch.Requests[1].RequestId.ToUpperInvariant();

        var first = await Claims.ClaimInstancesAsync(batch);
        var again = await Claims.ClaimInstancesAsync(shouted);

        Assert.All(first.Results, result => Assert.Null(result.Error));
        Assert.Equal(first.Results.Select(result => result.Claim), again.Results.Select(result => result.Claim));
        Assert.Equal(shouted.Requests[1].RequestId, again.Results[1].RequestId);
        Assert.Equal(2, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task A_refused_request_is_not_remembered()
    {
        var node = await RegisterAsync(vcpus: 2);
        var first = await ClaimAsync(node.NodeId, vcpus: 2);
        var request = Requests.Claim(node.NodeId);
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = first.Instance.InstanceId });

        await Claims.ClaimInstanceAsync(request);
    }

    [Fact]
    public async Task Many_at_the_same_time_under_one_id_make_one_claim()
    {
        var node = await RegisterAsync(vcpus: 100);
        var request = Requests.Claim(node.NodeId);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ => await Claims.ClaimInstanceAsync(request)));

        Assert.Single(answers.Distinct());
        Assert.Equal(1, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task An_accepted_request_that_changed_nothing_is_remembered_too()
    {
        var node = await RegisterAsync();
        var same = Requests.Node(node.NodeId);
        same.RequestId = Unique.RequestId();
        var first = await Nodes.RegisterNodeAsync(same);
        await Nodes.RegisterNodeAsync(Requests.Node(node.NodeId, vcpus: 16));

        Assert.Equal(first, await Nodes.RegisterNodeAsync(same));
        Assert.Equal(16, (await GetAsync(node.NodeId)).Usage["VCPU"].Capacity);
    }
}
