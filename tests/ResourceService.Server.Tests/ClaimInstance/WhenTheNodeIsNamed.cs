namespace ResourceService.Server.Tests.ClaimInstance;

public sealed class WhenTheNodeIsNamed(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task The_claim_is_held_under_a_lease_of_ten_minutes()
    {
        var node = await RegisterAsync();
        var request = Requests.Claim(node.NodeId, vcpus: 3, memoryMb: 1024);

        var response = await Claims.ClaimInstanceAsync(request);

        var claim = response.Claim;
        Assert.Equal((node.NodeId, ClaimState.Held, ClaimRole.Primary), (claim.NodeId, claim.State, claim.Role));
        Assert.Equal(request.Resources.Resources, claim.Resources);
        Assert.Equal("building", claim.Instance.VmState);
        Assert.Equal(TimeSpan.FromMinutes(10), (claim.LeaseExpireTime - claim.CreateTime).ToTimeSpan());
        Assert.Equal((2L, 2L), (response.NodeGeneration, claim.NodeGeneration));
        Assert.Equal(claim, await GetClaimAsync(claim.ClaimId));
        Assert.Equal(new ClassUsage { Capacity = 8, Used = 3, Free = 5 }, (await GetAsync(node.NodeId)).Usage["VCPU"]);
    }

    [Fact]
    public async Task The_event_tells_who_when_which_request_before_and_after()
    {
        var node = await RegisterAsync();
        var request = Requests.Claim(node.NodeId, vcpus: 3);
        var claim = (await Claims.ClaimInstanceAsync(request)).Claim;

        var recorded = (await EventsAsync(node.NodeId))[^1];

        Assert.Equal(EventKind.InstanceClaimed, recorded.Kind);
        Assert.Equal((request.RequestId, claim.ClaimId, claim.Instance.InstanceId), (recorded.RequestId, recorded.ClaimId, recorded.InstanceId));
        Assert.NotEmpty(recorded.Actor);
        Assert.Equal(claim.CreateTime, recorded.EventTime);
        Assert.Null(recorded.Before);
        Assert.Equal(ClaimState.Held, recorded.After.ClaimState);
        Assert.Equal(claim.Resources, recorded.After.Resources);
        Assert.Equal(claim.LeaseExpireTime, recorded.After.LeaseExpireTime);
        Assert.Equal(3, recorded.Used["VCPU"]);
    }

    [Fact]
    public async Task What_does_not_fit_names_every_dimension_and_changes_nothing()
    {
        var request = Requests.Node(vcpus: 4, memoryMb: 1024);
        request.Inventories["DISK_GB"] = new Inventory { Total = 100, StepSize = 10, MinUnit = 10 };
        request.Inventories["CUSTOM_LICENCE"] = new Inventory { Total = 10, AllocationRatio = 0.5 };
        request.Traits.Add("CUSTOM_SLOW");
        var node = (await Nodes.RegisterNodeAsync(request)).Node;
        await ClaimAsync(node.NodeId, vcpus: 3);
        var before = await GetAsync(node.NodeId);

        var claim = Requests.Claim(node.NodeId, vcpus: 2, memoryMb: 2048);
        claim.Resources.Resources.Add("DISK_GB", 15);
        claim.Resources.Resources.Add("CUSTOM_LICENCE", 6);
        claim.Resources.Resources.Add("VGPU", 1);
        claim.Resources.RequiredTraits.Add("CUSTOM_FAST");
        claim.Resources.ForbiddenTraits.Add("CUSTOM_SLOW");
        var error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        var refusal = Assert.Single(error.Refusals);
        Assert.Equal(node.NodeId, refusal.NodeId);
        var told = refusal.Dimensions.Select(item => (item.Reason, item.ResourceClass + item.Trait, item.Requested, item.Available, item.Capacity));
        Assert.Equivalent(
            new[]
            {
                (RefusalReason.ClassNotInInventory, "VGPU", 1, 0, 0),
                (RefusalReason.AboveMaxUnit, "MEMORY_MB", 2048, 512, 1024),
                (RefusalReason.StepSizeMismatch, "DISK_GB", 15, 100, 10),
                (RefusalReason.CapacityExceeded, "CUSTOM_LICENCE", 6, 5, 5),
                (RefusalReason.CapacityExceeded, "VCPU", 2, 1, 4),
                (RefusalReason.TraitMissing, "CUSTOM_FAST", 0, 0, 0),
                (RefusalReason.TraitForbidden, "CUSTOM_SLOW", 0, 0, 0),
            },
            told,
            strict: true);
        Assert.All(refusal.Dimensions, item => Assert.NotEmpty(item.Detail));
        Assert.Equal(before, await GetAsync(node.NodeId));
    }

    [Theory]
    [InlineData(1, RefusalReason.BelowMinUnit, 2)]
    [InlineData(3, RefusalReason.StepSizeMismatch, 2)]
    [InlineData(8, RefusalReason.AboveMaxUnit, 6)]
    public async Task Units_of_the_inventory_bind_each_claim(long amount, RefusalReason reason, long bound)
    {
        var request = Requests.Node();
        request.Inventories["VCPU"] = new Inventory { Total = 16, MinUnit = 2, MaxUnit = 6, StepSize = 2 };
        await Nodes.RegisterNodeAsync(request);

        var error = await Expect.ErrorAsync(
            Claims.ClaimInstanceAsync(Requests.Claim(request.NodeId, vcpus: amount)), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        var dimension = Assert.Single(Assert.Single(error.Refusals).Dimensions);
        Assert.Equal((reason, amount, 16, bound), (dimension.Reason, dimension.Requested, dimension.Available, dimension.Capacity));
    }

    [Fact]
    public async Task Limits_of_the_request_narrow_the_capacity()
    {
        var node = await RegisterAsync(vcpus: 8);
        await ClaimAsync(node.NodeId, vcpus: 3);
        var request = Requests.Claim(node.NodeId, vcpus: 2);
        request.Resources.Limits = new ResourceLimits { MaxUsed = { ["VCPU"] = 4 } };

        var error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        var dimension = Assert.Single(Assert.Single(error.Refusals).Dimensions);
        Assert.Equal((RefusalReason.LimitExceeded, 2, 1, 4), (dimension.Reason, dimension.Requested, dimension.Available, dimension.Capacity));

        request.Resources.Limits.MaxUsed["VCPU"] = 5;
        await Claims.ClaimInstanceAsync(request);
    }

    [Fact]
    public async Task Amounts_near_the_largest_number_are_refused_not_wrapped()
    {
        var node = await RegisterAsync();
        await ClaimAsync(node.NodeId);

        await Expect.ErrorAsync(
            Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId, vcpus: long.MaxValue)), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        Assert.Equal(1, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task An_instance_holds_one_claim_fleet_wide()
    {
        var node = await RegisterAsync();
        var other = await RegisterAsync();
        var held = await ClaimAsync(node.NodeId);

        var error = await Expect.ErrorAsync(
            Claims.ClaimInstanceAsync(Requests.Claim(other.NodeId, held.Instance.InstanceId)), StatusCode.AlreadyExists, "INSTANCE_ALREADY_CLAIMED");

        Assert.Equal(held.ClaimId, error.Metadata["claim_id"]);
        Assert.Equal(held.NodeId, error.Metadata["node_id"]);
        Assert.Equal(0, await UsedAsync(other.NodeId));
    }

    [Fact]
    public async Task A_stale_generation_is_refused()
    {
        var node = await RegisterAsync();
        var request = Requests.Claim(node.NodeId);
        request.ExpectedGeneration = 2;

        var error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.Aborted, "STALE_GENERATION");
        Assert.Equal("1", error.Metadata["generation"]);

        request.ExpectedGeneration = 1;
        await Claims.ClaimInstanceAsync(request);
    }

    [Fact]
    public async Task Validate_only_decides_as_the_claim_would_and_holds_nothing()
    {
        var node = await RegisterAsync(vcpus: 2);
        var request = Requests.Claim(node.NodeId, vcpus: 2);
        request.ValidateOnly = true;

        for (var i = 0; i < 2; i++)
        {
            var answer = await Claims.ClaimInstanceAsync(request);
            Assert.Equal(("", node.NodeId, 1L), (answer.Claim.ClaimId, answer.Claim.NodeId, answer.NodeGeneration));
        }

        Assert.Equal(0, await UsedAsync(node.NodeId));
        Assert.Single(await EventsAsync(node.NodeId));

        // The same id may then make the claim: nothing was remembered.
        request.ValidateOnly = false;
        var made = (await Claims.ClaimInstanceAsync(request)).Claim;
        var second = Requests.Claim(node.NodeId);
        second.ValidateOnly = true;
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(second), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        second.Instance.InstanceId = made.Instance.InstanceId;
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(second), StatusCode.AlreadyExists, "INSTANCE_ALREADY_CLAIMED");
    }

    [Fact]
    public async Task A_deadline_that_passed_claims_nothing_or_the_retry_finds_it()
    {
        var node = await RegisterAsync(vcpus: 1000);
        for (var i = 0; i < 20; i++)
        {
            var request = Requests.Claim(node.NodeId);
            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(i / 4.0);
            try
            {
                await Claims.ClaimInstanceAsync(request, deadline: deadline);
            }
            catch (RpcException cause) when (cause.StatusCode is StatusCode.DeadlineExceeded)
            {
                // What the retry answers is the truth either way.
            }

            await Claims.ClaimInstanceAsync(request);
        }

        Assert.Equal(20, await UsedAsync(node.NodeId));
    }
}
