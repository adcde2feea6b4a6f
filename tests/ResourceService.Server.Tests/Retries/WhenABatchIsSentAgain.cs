namespace ResourceService.Server.Tests.Retries;

/// <summary>A batch of claims on their own: each of its answers is the first one, and what was interrupted goes on.</summary>
public sealed class WhenABatchIsSentAgain(SharedService service, ITestOutputHelper output) : ServiceTest(service)
{
    [Fact]
    public async Task Claims_and_refusals_are_those_of_the_first_time_though_the_world_moved_on()
    {
        var node = await RegisterAsync(vcpus: 3);
        var batch = Batch(node.NodeId, count: 3, vcpus: 2);
        var validating = new ClaimInstanceRequest(Requests.Claim(node.NodeId)) { RequestId = "", ValidateOnly = true };
        batch.Requests.Add(validating);
        var first = await Claims.ClaimInstancesAsync(batch);
        Assert.Equal([true, false, false, true], first.Results.Select(result => result.Claim is not null));

        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = batch.Requests[0].Instance.InstanceId });

        Assert.Equal(first, await Claims.ClaimInstancesAsync(batch));
        Assert.Equal(0, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task A_batch_of_which_all_was_refused_is_remembered_too()
    {
        var node = await RegisterAsync(vcpus: 1);
        var batch = Batch(node.NodeId, count: 2, vcpus: 2);
        var first = await Claims.ClaimInstancesAsync(batch);
        await Nodes.RegisterNodeAsync(Requests.Node(node.NodeId, vcpus: 8));

        Assert.Equal(first, await Claims.ClaimInstancesAsync(batch));
        await Expect.ErrorAsync(
            Claims.ClaimInstancesAsync(new ClaimInstancesRequest(batch) { AllOrNothing = true }), StatusCode.AlreadyExists, "REQUEST_ID_REUSED");
    }

    [Fact]
    public async Task Requests_whose_ids_were_used_are_refused_and_the_statistics_are_those_of_the_claims_made()
    {
        var node = await RegisterAsync(vcpus: 1_000);
        var used = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            var claim = Requests.Claim(node.NodeId);
            await Claims.ClaimInstanceAsync(claim);
            return claim;
        }));
        var made = new List<string>(used.Select(claim => claim.Instance.InstanceId));

        for (var round = 0; round < 3; round++)
        {
            var batch = Batch(node.NodeId, count: 20, vcpus: 1);
            foreach (var (request, i) in batch.Requests.Select((request, i) => (request, i)))
                request.RequestId = i % 2 == 0 ? used[i / 2].RequestId : i % 3 == 0 ? "" : Unique.RequestId();
            var results = (await Claims.ClaimInstancesAsync(batch)).Results;
            Assert.Equal(batch.Requests.Select((_, i) => i % 2 == 1), results.Select(result => result.Claim is not null));
            made.AddRange(results.Where(result => result.Claim is not null).Select(result => result.Claim.Instance.InstanceId));
            // The state of an instance may be cleared, but not under the id of a batch.
            var clear = new UpdateInstanceRequest { InstanceId = made[^1], VmState = "", RequestId = batch.RequestId };
            await Expect.ErrorAsync(Claims.UpdateInstanceAsync(clear), StatusCode.AlreadyExists, "REQUEST_ID_REUSED");
            clear.RequestId = Unique.RequestId();
            await Claims.UpdateInstanceAsync(clear);
        }

        var statistics = (await GetAsync(node.NodeId)).Statistics;
        Assert.Equal((40, 37), (statistics.InstanceCount, statistics.IoWorkload));
        Assert.Equal([("", 3), ("building", 37)], statistics.InstancesByVmState.Select(pair => (pair.Key, pair.Value)).Order());
        Assert.Equal([("project-1", 40)], statistics.InstancesByProject.Select(pair => (pair.Key, pair.Value)));
        Assert.Equal([("", 40)], statistics.InstancesByOsType.Select(pair => (pair.Key, pair.Value)));
        Assert.Empty((await Audits.VerifyLedgerAsync(new VerifyLedgerRequest { NodeId = node.NodeId })).Differences);
    }

    [Fact]
    public async Task One_given_up_on_the_way_goes_on_where_it_was()
    {
        var seed = Seed.Choose();
        output.WriteLine(Seed.Describe(seed));
        var random = new Random(seed);
        var node = await RegisterAsync(vcpus: 100_000, memoryMb: 100_000_000);
        var claims = new HashSet<string>();
        for (var round = 1; round <= 5; round++)
        {
            var batch = Batch(node.NodeId, count: 1_000, vcpus: 1);
            using var giveUp = new CancellationTokenSource();
            var interrupted = Claims.ClaimInstancesAsync(batch, cancellationToken: giveUp.Token).ResponseAsync;
            await Task.Delay(random.Next(0, 30), TestContext.Current.CancellationToken);
            await giveUp.CancelAsync();

            var answer = await Claims.ClaimInstancesAsync(batch);

            await Record.ExceptionAsync(() => interrupted);
            Assert.All(answer.Results, result => Assert.NotNull(result.Claim));
            claims.UnionWith(answer.Results.Select(result => result.Claim.ClaimId));
            Assert.Equal(1_000 * round, claims.Count);
            Assert.Equal(1_000 * round, await UsedAsync(node.NodeId));
            Assert.Equal(answer, await Claims.ClaimInstancesAsync(batch));
        }
    }

    [Fact]
    public async Task One_cut_short_by_a_crash_goes_on_and_its_id_stays_its_own()
    {
        using var directory = new TemporaryDirectory();
        var node = Requests.Node(vcpus: 1_000);
        var batch = Batch(node.NodeId, count: 1_000, vcpus: 1);
        batch.Requests[^1].Resources.Resources["VCPU"] = 1_001;
        await using (var first = await ServiceProcess.StartAsync(directory.Path, "--Commit:BatchMax=50"))
        {
            await first.Clients.Nodes.RegisterNodeAsync(node);
            var interrupted = first.Clients.Claims.ClaimInstancesAsync(batch).ResponseAsync;
            await Eventually.HoldsAsync("a part of the batch is durable", async () => (await EventsAsync(first.Clients)).Count > 1);
            await first.KillHardAsync();
            await Record.ExceptionAsync(() => interrupted);
        }

        await using var second = await ServiceProcess.StartAsync(directory.Path);
        var clients = second.Clients;
        output.WriteLine($"{(await EventsAsync(clients)).Count - 1} claims were durable");
        var other = batch.Clone();
        other.Requests.RemoveAt(0);
        await Expect.ErrorAsync(clients.Claims.ClaimInstancesAsync(other), StatusCode.AlreadyExists, "REQUEST_ID_REUSED");
        await Expect.ErrorAsync(
            clients.Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId, Force = true, RequestId = batch.RequestId }),
            StatusCode.AlreadyExists,
            "REQUEST_ID_REUSED");

        var answer = await clients.Claims.ClaimInstancesAsync(batch);

        Assert.All(answer.Results.SkipLast(1), result => Assert.NotNull(result.Claim));
        Expect.Error(answer.Results[^1].Error, StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        Assert.Equal(999, answer.Results.SkipLast(1).Select(result => result.Claim.ClaimId).Distinct().Count());
        Assert.Equal(answer, await clients.Claims.ClaimInstancesAsync(batch));
        await Expect.SoundLedgerAsync(clients);

        static async Task<IReadOnlyList<Event>> EventsAsync(ServiceClients clients) =>
            (await clients.Audits.ListEventsAsync(new ListEventsRequest { PageSize = 1000 })).Events;
    }

    // Without ids of their own: they are known by the batch's.
    private static ClaimInstancesRequest Batch(string nodeId, int count, long vcpus) => new()
    {
        RequestId = Unique.RequestId(),
        Requests = { Enumerable.Range(0, count).Select(_ => new ClaimInstanceRequest(Requests.Claim(nodeId, vcpus: vcpus)) { RequestId = "" }) },
    };
}
