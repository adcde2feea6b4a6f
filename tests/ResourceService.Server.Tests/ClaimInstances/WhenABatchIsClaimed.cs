namespace ResourceService.Server.Tests.ClaimInstances;

public sealed class WhenABatchIsClaimed(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Each_is_answered_on_its_own_in_order()
    {
        var node = await RegisterAsync(vcpus: 3);
        var request = Batch(node.NodeId, 2, 2, 1);

        var results = (await Claims.ClaimInstancesAsync(request)).Results;

        Assert.Equal(request.Requests.Select(item => item.RequestId), results.Select(result => result.RequestId));
        Assert.Equal(request.Requests[0].Instance.InstanceId, results[0].Claim.Instance.InstanceId);
        var refused = Expect.Error(results[1].Error, StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        Assert.Equal((2, 1), (refused.Refusals[0].Dimensions[0].Requested, refused.Refusals[0].Dimensions[0].Available));
        Assert.Equal(ClaimState.Held, results[2].Claim.State);
        Assert.Equal(3, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task All_or_nothing_refuses_all_when_one_does_not_fit()
    {
        var (zone, nodes) = await RegisterZoneAsync(2, 2);
        var request = Batch(nodes[0].NodeId, 1, 4, 1);
        request.AllOrNothing = true;
        request.Requests[2].NodeId = nodes[1].NodeId;

        var results = (await Claims.ClaimInstancesAsync(request)).Results;

        Expect.Error(results[0].Error, StatusCode.Aborted, "BATCH_NOT_APPLIED");
        Expect.Error(results[1].Error, StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        Expect.Error(results[2].Error, StatusCode.Aborted, "BATCH_NOT_APPLIED");
        Assert.Equal((0, 0), (await UsedAsync(nodes[0].NodeId), await UsedAsync(nodes[1].NodeId)));

        // The instances were not taken either.
        request.Requests[1].Resources.Resources["VCPU"] = 1;
        request.Requests[1].NodeId = "";
        request.Requests[1].Filter = Requests.InZone(zone);
        request.RequestId = Unique.RequestId();
        results = (await Claims.ClaimInstancesAsync(request)).Results;
        Assert.All(results, result => Assert.Equal(ClaimState.Held, result.Claim.State));
        Assert.Equal(3, await UsedAsync(nodes[0].NodeId) + await UsedAsync(nodes[1].NodeId));
    }

    [Fact]
    public async Task All_or_nothing_counts_the_batchs_own_claims()
    {
        var node = await RegisterAsync(vcpus: 3);
        var request = Batch(node.NodeId, 2, 2);
        request.AllOrNothing = true;

        var results = (await Claims.ClaimInstancesAsync(request)).Results;

        Expect.Error(results[1].Error, StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        Assert.Equal(0, await UsedAsync(node.NodeId));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_retry_gets_the_first_answer(bool allOrNothing)
    {
        var node = await RegisterAsync(vcpus: 8);
        var request = Batch(node.NodeId, 2, 2);
        request.AllOrNothing = allOrNothing;
        foreach (var item in request.Requests)
            item.RequestId = "";

        var first = await Claims.ClaimInstancesAsync(request);

        Assert.Equal(first, await Claims.ClaimInstancesAsync(request));
        Assert.Equal(4, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task All_or_nothing_is_one_decision_on_one_generation()
    {
        var node = await RegisterAsync(vcpus: 8);
        var request = Batch(node.NodeId, 1, 1, 1);
        request.AllOrNothing = true;
        foreach (var item in request.Requests)
            item.ExpectedGeneration = node.Generation;

        var results = (await Claims.ClaimInstancesAsync(request)).Results;

        Assert.Equal([1L, 2L, 3L], results.Select(result => result.Claim.NodeGeneration - node.Generation));
        // The generation before the batch, not the one that the batch's own claims make.
        var next = Batch(node.NodeId, 1, 1);
        next.AllOrNothing = true;
        (next.Requests[0].ExpectedGeneration, next.Requests[1].ExpectedGeneration) = (node.Generation + 3, node.Generation + 4);
        results = (await Claims.ClaimInstancesAsync(next)).Results;
        Expect.Error(results[0].Error, StatusCode.Aborted, "BATCH_NOT_APPLIED");
        var stale = Expect.Error(results[1].Error, StatusCode.Aborted, "STALE_GENERATION");
        Assert.Contains($"generation {node.Generation + 3}, not {node.Generation + 4}", stale.Message, StringComparison.Ordinal);
        Assert.Equal(3, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task Of_claims_on_their_own_only_the_first_can_win_on_one_generation()
    {
        var node = await RegisterAsync(vcpus: 8);
        var request = Batch(node.NodeId, 1, 1);
        foreach (var item in request.Requests)
            item.ExpectedGeneration = node.Generation;

        var results = (await Claims.ClaimInstancesAsync(request)).Results;

        Assert.NotNull(results[0].Claim);
        Expect.Error(results[1].Error, StatusCode.Aborted, "STALE_GENERATION");
    }

    [Fact]
    public async Task All_or_nothing_groups_that_cross_each_other_neither_wait_forever_nor_overbook()
    {
        var (_, nodes) = await RegisterZoneAsync(50, 50, 50);
        var running = Enumerable.Range(0, 120).Select(async i =>
        {
            var request = Batch(nodes[i % 3].NodeId, 1, 1);
            request.Requests[1].NodeId = nodes[(i + 1 + (i % 2)) % 3].NodeId;
            request.AllOrNothing = true;
            return (await Claims.ClaimInstancesAsync(request)).Results.All(result => result.Claim is not null) ? 2 : 0;
        });

        var claimed = (await Task.WhenAll(running)).Sum();

        long used = 0;
        foreach (var node in nodes)
        {
            var ofNode = await UsedAsync(node.NodeId);
            Assert.InRange(ofNode, 0, 50);
            used += ofNode;
        }

        Assert.Equal(claimed, used);
        Assert.InRange(used, 140, 150);
    }

    private static ClaimInstancesRequest Batch(string nodeId, params long[] vcpus) => new()
    {
        RequestId = Unique.RequestId(),
        Requests = { vcpus.Select(count => Requests.Claim(nodeId, vcpus: count)) },
    };
}
