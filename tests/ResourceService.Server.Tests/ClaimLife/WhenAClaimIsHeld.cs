namespace ResourceService.Server.Tests.ClaimLife;

public sealed class WhenAClaimIsHeld(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Confirm_makes_it_active_and_ends_its_lease()
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId, vcpus: 2);

        var confirmed = (await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId })).Claim;

        Assert.Equal(ClaimState.Active, confirmed.State);
        Assert.Null(confirmed.LeaseExpireTime);
        Assert.Equal((claim.CreateTime, 3L), (confirmed.CreateTime, confirmed.NodeGeneration));
        Assert.Equal(confirmed, (await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId })).Claim);
        Assert.Equal(2, await UsedAsync(node.NodeId));
        var recorded = (await EventsAsync(node.NodeId))[^1];
        Assert.Equal((EventKind.ClaimConfirmed, ClaimState.Held, ClaimState.Active),
            (recorded.Kind, recorded.Before.ClaimState, recorded.After.ClaimState));
    }

    [Fact]
    public async Task Renew_counts_the_lease_from_now()
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId);

        var renewed = (await Claims.RenewClaimAsync(new RenewClaimRequest { ClaimId = claim.ClaimId, Lease = Requests.Seconds(3600) })).Claim;

        Assert.Equal(ClaimState.Held, renewed.State);
        Assert.Equal(TimeSpan.FromHours(1), (renewed.LeaseExpireTime - renewed.UpdateTime).ToTimeSpan());
        var recorded = (await EventsAsync(node.NodeId))[^1];
        Assert.Equal((EventKind.ClaimRenewed, claim.LeaseExpireTime, renewed.LeaseExpireTime),
            (recorded.Kind, recorded.Before.LeaseExpireTime, recorded.After.LeaseExpireTime));
    }

    [Fact]
    public async Task Abort_releases_it_and_counts_a_failed_build()
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId, vcpus: 2);
        var request = new AbortClaimRequest { ClaimId = claim.ClaimId, Reason = "image not found" };

        var aborted = (await Claims.AbortClaimAsync(request)).Claim;

        Assert.Equal((ClaimState.Aborted, "image not found"), (aborted.State, aborted.EndReason));
        Assert.Equal(aborted, (await Claims.AbortClaimAsync(request)).Claim);
        Assert.Equal(aborted, await GetClaimAsync(claim.ClaimId));
        var after = await GetAsync(node.NodeId);
        Assert.Equal((0L, 0, 1), (after.Usage["VCPU"].Used, after.ClaimCount, after.Statistics.FailedBuildCount));

        // The next build that succeeds wipes the count.
        var next = await ClaimAsync(node.NodeId, instanceId: claim.Instance.InstanceId);
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = next.ClaimId });
        Assert.Equal(0, (await GetAsync(node.NodeId)).Statistics.FailedBuildCount);
    }

    [Fact]
    public async Task The_end_of_the_lease_releases_it_and_leaves_an_event_of_the_service()
    {
        var node = await RegisterAsync();
        var request = Requests.Claim(node.NodeId, vcpus: 2);
        request.Lease = Requests.Seconds(1);
        var claim = (await Claims.ClaimInstanceAsync(request)).Claim;
        var kept = await ClaimAsync(node.NodeId);

        await Eventually.HoldsAsync("the lease of one second ends", async () => await UsedAsync(node.NodeId) == 1);

        var ended = await GetClaimAsync(claim.ClaimId);
        Assert.Equal(ClaimState.Expired, ended.State);
        Assert.True(ended.UpdateTime >= claim.LeaseExpireTime, "a lease never ends early");
        Assert.NotEmpty(ended.EndReason);
        var recorded = (await EventsAsync(node.NodeId))[^1];
        Assert.Equal((EventKind.ClaimExpired, "service", claim.ClaimId), (recorded.Kind, recorded.Actor, recorded.ClaimId));
        Assert.Equal(ClaimState.Held, (await GetClaimAsync(kept.ClaimId)).State);
        await ClaimAsync(node.NodeId, instanceId: claim.Instance.InstanceId);
    }

    [Fact]
    public async Task Renewing_or_confirming_in_time_keeps_it()
    {
        var node = await RegisterAsync();
        var claims = new List<Claim>();
        for (var i = 0; i < 3; i++)
        {
            var request = Requests.Claim(node.NodeId);
            request.Lease = Requests.Seconds(2);
            claims.Add((await Claims.ClaimInstanceAsync(request)).Claim);
        }

        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claims[0].ClaimId });
        await Claims.RenewClaimAsync(new RenewClaimRequest { ClaimId = claims[1].ClaimId, Lease = Requests.Seconds(60) });
        await Eventually.HoldsAsync(
            "the third claim expires", async () => (await GetClaimAsync(claims[2].ClaimId)).State == ClaimState.Expired);

        Assert.Equal(ClaimState.Active, (await GetClaimAsync(claims[0].ClaimId)).State);
        Assert.Equal(ClaimState.Held, (await GetClaimAsync(claims[1].ClaimId)).State);
        Assert.Equal(2, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task A_stale_generation_is_refused_by_every_step()
    {
        var node = await RegisterAsync();
        var id = (await ClaimAsync(node.NodeId)).ClaimId;

        await Expect.ErrorAsync(
            Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = id, ExpectedGeneration = 1 }), StatusCode.Aborted, "STALE_GENERATION");
        await Expect.ErrorAsync(
            Claims.RenewClaimAsync(new RenewClaimRequest { ClaimId = id, ExpectedGeneration = 1 }), StatusCode.Aborted, "STALE_GENERATION");
        await Expect.ErrorAsync(
            Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = id, ExpectedGeneration = 1 }), StatusCode.Aborted, "STALE_GENERATION");

        Assert.Equal(2, (await GetAsync(node.NodeId)).Generation);
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = id, ExpectedGeneration = 2 });
    }

    [Fact]
    public async Task A_claim_tells_the_generation_of_its_own_last_change()
    {
        var node = await RegisterAsync();
        var first = await ClaimAsync(node.NodeId);
        await ClaimAsync(node.NodeId);

        Assert.Equal(2, first.NodeGeneration);
        Assert.Equal(2, (await GetClaimAsync(first.ClaimId)).NodeGeneration);
    }
}
