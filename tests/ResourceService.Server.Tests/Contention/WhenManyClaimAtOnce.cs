namespace ResourceService.Server.Tests.Contention;

public sealed class WhenManyClaimAtOnce(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task A_node_with_room_for_100_takes_100_of_1000_and_tells_the_others_what_was_missing()
    {
        var node = await RegisterAsync(vcpus: 100);

        var outcomes = await RaceAsync(1000, _ => Requests.Claim(node.NodeId, memoryMb: 1));

        Assert.Equal(100, outcomes.Count(outcome => outcome.Claim is not null));
        Assert.All(outcomes.Where(outcome => outcome.Claim is null), outcome =>
        {
            var error = Expect.Error(outcome.Error, StatusCode.ResourceExhausted, "DOES_NOT_FIT");
            var dimension = Assert.Single(Assert.Single(error.Refusals).Dimensions);
            Assert.Equal((RefusalReason.CapacityExceeded, "VCPU", 1, 0, 100),
                (dimension.Reason, dimension.ResourceClass, dimension.Requested, dimension.Available, dimension.Capacity));
        });
        Assert.Equal(new ClassUsage { Capacity = 100, Used = 100, Free = 0 }, (await GetAsync(node.NodeId)).Usage["VCPU"]);
    }

    [Fact]
    public async Task Times_of_a_nodes_changes_are_in_the_order_of_the_changes()
    {
        var node = await RegisterAsync(vcpus: 1000);

        await RaceAsync(900, _ => Requests.Claim(node.NodeId, memoryMb: 1));

        var times = (await EventsAsync(node.NodeId)).Select(item => item.EventTime.ToDateTime()).ToList();
        Assert.Equal(901, times.Count);
        Assert.Equal(times.Order(), times);
    }

    [Fact]
    public async Task Claims_of_different_sizes_never_exceed_the_capacity()
    {
        var node = await RegisterAsync(vcpus: 100);

        var outcomes = await RaceAsync(600, i => Requests.Claim(node.NodeId, vcpus: 1 + (i % 7), memoryMb: 1));

        var claimed = outcomes.Sum(outcome => outcome.Claim?.Resources["VCPU"] ?? 0);
        Assert.Equal(100, claimed);
        Assert.Equal(100, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task Several_nodes_with_room_for_100_in_all_take_100_of_1000_without_a_node_named()
    {
        var (zone, nodes) = await RegisterZoneAsync(10, 20, 30, 40);

        var outcomes = await RaceAsync(1000, _ => Requests.ClaimAmong(zone));

        Assert.Equal(100, outcomes.Count(outcome => outcome.Claim is not null));
        Assert.All(
            outcomes.Where(outcome => outcome.Claim is null),
            outcome => Assert.NotNull(Expect.Error(outcome.Error, StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS").Summary));
        foreach (var node in nodes)
            Assert.Equal(node.Usage["VCPU"].Capacity, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task One_instance_claimed_by_many_on_many_nodes_gets_one_claim()
    {
        var (_, nodes) = await RegisterZoneAsync(10, 10, 10, 10);
        var instance = Unique.Id("instance");

        var outcomes = await RaceAsync(200, i => Requests.Claim(nodes[i % nodes.Count].NodeId, instance));

        Assert.Single(outcomes, outcome => outcome.Claim is not null);
        Assert.All(
            outcomes.Where(outcome => outcome.Claim is null),
            outcome => Expect.Error(outcome.Error, StatusCode.AlreadyExists, "INSTANCE_ALREADY_CLAIMED"));
        Assert.Equal(1, (await Task.WhenAll(nodes.Select(node => UsedAsync(node.NodeId)))).Sum());
    }

    [Fact]
    public async Task Confirm_abort_and_release_race_and_one_of_the_endings_wins()
    {
        var node = await RegisterAsync(vcpus: 100);
        for (var i = 0; i < 50; i++)
        {
            var claim = await ClaimAsync(node.NodeId);
            await Task.WhenAll(
                TryAsync(Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId })),
                TryAsync(Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = claim.ClaimId })),
                TryAsync(Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId })));

            Assert.Contains((await GetClaimAsync(claim.ClaimId)).State, new[] { ClaimState.Aborted, ClaimState.Released });
        }

        Assert.Equal(0, await UsedAsync(node.NodeId));

        static async Task TryAsync<T>(AsyncUnaryCall<T> call)
        {
            try
            {
                await call;
            }
            catch (RpcException cause) when (cause.StatusCode is StatusCode.FailedPrecondition or StatusCode.NotFound)
            {
                // Another of the three was first.
            }
        }
    }

    private Task<(Claim? Claim, Google.Rpc.Status? Error)[]> RaceAsync(int count, Func<int, ClaimInstanceRequest> request)
    {
        return Task.WhenAll(Enumerable.Range(0, count).Select(RunAsync));

        async Task<(Claim?, Google.Rpc.Status?)> RunAsync(int i)
        {
            try
            {
                return ((await Claims.ClaimInstanceAsync(request(i))).Claim, null);
            }
            catch (RpcException cause)
            {
                return (null, cause.GetRpcStatus());
            }
        }
    }
}
