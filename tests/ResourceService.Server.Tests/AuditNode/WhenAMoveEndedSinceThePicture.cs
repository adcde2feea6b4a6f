namespace ResourceService.Server.Tests.AuditNode;

/// <summary>
/// The host's picture was taken while the instance was on the other node, or had its new size; then the move ended and the instance stayed. The
/// picture must not undo that, and the next one must not be hindered by it.
/// </summary>
public sealed class WhenAMoveEndedSinceThePicture(SharedService service) : MoveTest(service)
{
    public enum End
    {
        Reverted,
        Failed,
        Expired,
        NodeDeleted,
    }

    public static TheoryData<MigrationType, End> Ends => [.. from type in Types from end in Enum.GetValues<End>() select (type, end)];

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task The_claim_that_stayed_is_left_alone(MigrationType type, End end)
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var (migration, target) = await MoveAsync(source, (await RegisterAsync()).NodeId, type, leaseSeconds: end == End.Expired ? 1 : 600);
        if (end != End.Expired)
            await UpdateAsync(migration, MigrationState.Finished);
        var picture = await PictureAsync(source.NodeId);
        await EndAsync(migration, target, end);

        var drift = Assert.Single((await Audits.AuditNodeAsync(picture)).Audit.Drifts);

        Assert.Equal((DriftKind.OrphanedClaim, DriftAction.SkippedChangedSince), (drift.Kind, drift.Action));
        Assert.Equal(ClaimState.Active, (await GetClaimAsync(source.ClaimId)).State);
        // What a picture from after the end shows is true.
        drift = Assert.Single((await Audits.AuditNodeAsync(await PictureAsync(source.NodeId))).Audit.Drifts);
        Assert.Equal((DriftKind.OrphanedClaim, DriftAction.ClaimReleased), (drift.Kind, drift.Action));
        await VerifyAsync(source.NodeId);
    }

    [Theory]
    [InlineData(End.Reverted)]
    [InlineData(End.Failed)]
    [InlineData(End.Expired)]
    public async Task A_claim_keeps_the_size_it_had_before_a_resize_in_place(End end)
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var (migration, target) = await MoveAsync(source, source.NodeId, MigrationType.Resize, vcpus: 5, leaseSeconds: end == End.Expired ? 1 : 600);
        var picture = await PictureAsync(source.NodeId, target);
        await EndAsync(migration, target, end);

        var drifts = (await Audits.AuditNodeAsync(picture)).Audit.Drifts;

        Assert.NotEmpty(drifts);
        Assert.All(drifts, drift => Assert.Equal((DriftKind.UsageMismatch, DriftAction.SkippedChangedSince), (drift.Kind, drift.Action)));
        Assert.Equal(2, await UsedAsync(source.NodeId));
        await VerifyAsync(source.NodeId);
    }

    // What an agent sees that reads the node now: some instances, or none.
    private async Task<AuditNodeRequest> PictureAsync(string nodeId, params Claim[] instances) => new()
    {
        NodeId = nodeId,
        Mode = AuditMode.Heal,
        ObservedGeneration = (await GetAsync(nodeId)).Generation,
        Scopes = { AuditScope.Instances },
        Instances = { instances.Select(claim => new ObservedInstance { Instance = claim.Instance, Resources = { claim.Resources } }) },
    };

    private async Task EndAsync(Migration migration, Claim target, End end)
    {
        switch (end)
        {
            case End.Reverted:
                await RevertAsync(migration);
                break;
            case End.Failed:
                await FailAsync(migration);
                break;
            case End.NodeDeleted:
                await DeleteAsync(target.NodeId);
                break;
            default:
                await Eventually.HoldsAsync(
                    "the move expires", async () => (await GetMigrationAsync(migration.MigrationId)).State == MigrationState.Expired);
                break;
        }
    }
}
