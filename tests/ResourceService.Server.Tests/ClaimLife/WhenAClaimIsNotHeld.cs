namespace ResourceService.Server.Tests.ClaimLife;

public sealed class WhenAClaimIsNotHeld(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task An_active_claim_can_be_neither_renewed_nor_aborted()
    {
        var node = await RegisterAsync();
        var id = (await ClaimAsync(node.NodeId)).ClaimId;
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = id });

        var renewing = await Expect.ErrorAsync(
            Claims.RenewClaimAsync(new RenewClaimRequest { ClaimId = id }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");
        var aborting = await Expect.ErrorAsync(
            Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = id }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");

        Assert.Equal(("ACTIVE", "ACTIVE"), (renewing.Metadata["state"], aborting.Metadata["state"]));
        Assert.Equal(1, await UsedAsync(node.NodeId));
    }

    [Theory]
    [InlineData("ABORTED")]
    [InlineData("RELEASED")]
    public async Task An_ended_claim_takes_no_step(string state)
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId);
        if (state == "ABORTED")
            await Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = claim.ClaimId });
        else
            await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });

        var confirming = await Expect.ErrorAsync(
            Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");
        var renewing = await Expect.ErrorAsync(
            Claims.RenewClaimAsync(new RenewClaimRequest { ClaimId = claim.ClaimId }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");

        Assert.Equal((state, state), (confirming.Metadata["state"], renewing.Metadata["state"]));
        Assert.Equal(0, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task A_claim_that_never_was_is_not_found()
    {
        var node = await RegisterAsync();
        var real = (await ClaimAsync(node.NodeId)).ClaimId;
        // Well-formed, but never given: another claim's id with one digit more.
        var id = real + "7";

        await Expect.ErrorAsync(Claims.GetClaimAsync(new GetClaimRequest { ClaimId = id }), StatusCode.NotFound, "CLAIM_NOT_FOUND");
        await Expect.ErrorAsync(Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = id }), StatusCode.NotFound, "CLAIM_NOT_FOUND");
        await Expect.ErrorAsync(Claims.RenewClaimAsync(new RenewClaimRequest { ClaimId = id }), StatusCode.NotFound, "CLAIM_NOT_FOUND");
        var error = await Expect.ErrorAsync(Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = id }), StatusCode.NotFound, "CLAIM_NOT_FOUND");
        Assert.Equal(id, error.Metadata["claim_id"]);
    }
}
