namespace ResourceService.Server.Tests.Moves;

/// <summary>
/// Who holds what: every type of move, after every step, on two nodes and on one, and with the other node disabled, draining or gone. The source holds
/// 2 VCPU, the target 3.
/// </summary>
public sealed class WhoHoldsWhat(SharedService service) : MoveTest(service)
{
    // What the claim on the source and the claim on the target are after the step, and the move.
    private static readonly (string Step, string Source, string Target, string Move)[] _table =
    [
        ("prepare", "Primary Active", "MoveTarget Held", "Preparing"),
        ("run", "Primary Active", "MoveTarget Held", "Running"),
        ("finish", "Primary Active", "MoveTarget Held", "Finished"),
        ("prepare, confirm", "Primary Released", "Primary Active", "Confirmed"),
        ("run, confirm", "Primary Released", "Primary Active", "Confirmed"),
        ("finish, confirm", "Primary Released", "Primary Active", "Confirmed"),
        ("prepare, revert", "Primary Active", "MoveTarget Aborted", "Reverted"),
        ("run, revert", "Primary Active", "MoveTarget Aborted", "Reverted"),
        ("finish, revert", "Primary Active", "MoveTarget Aborted", "Reverted"),
        ("prepare, fail", "Primary Active", "MoveTarget Aborted", "Failed"),
        ("run, fail", "Primary Active", "MoveTarget Aborted", "Failed"),
        ("finish, fail", "Primary Active", "MoveTarget Aborted", "Failed"),
        ("prepare, release", "Primary Released", "MoveTarget Released", "Failed"),
        ("finish, release", "Primary Released", "MoveTarget Released", "Failed"),
        ("finish, confirm, release", "Primary Released", "Primary Released", "Confirmed"),
        ("run, delete the target", "Primary Active", "MoveTarget Released", "Failed"),
        ("run, delete the source", "Primary Released", "MoveTarget Held", "Running"),
        ("run, delete the source, confirm", "Primary Released", "Primary Active", "Confirmed"),
        ("run, delete the source, revert", "Primary Released", "MoveTarget Aborted", "Reverted"),
        ("finish, delete the source, fail", "Primary Released", "MoveTarget Aborted", "Failed"),
        ("finish, delete the source, release", "Primary Released", "MoveTarget Released", "Failed"),
        ("run, disable both, finish", "Primary Active", "MoveTarget Held", "Finished"),
        ("run, disable both, confirm", "Primary Released", "Primary Active", "Confirmed"),
        ("run, disable both, revert", "Primary Active", "MoveTarget Aborted", "Reverted"),
        ("run, drain both, confirm", "Primary Released", "Primary Active", "Confirmed"),
        ("run, drain both, fail", "Primary Active", "MoveTarget Aborted", "Failed"),
        ("run, drain both, release", "Primary Released", "MoveTarget Released", "Failed"),
    ];

    public static IEnumerable<TheoryDataRow<MigrationType, bool, string>> Rows =>
        from move in Types.Select(type => (Type: type, InPlace: false)).Append((Type: MigrationType.Resize, InPlace: true))
        from row in _table
        where !move.InPlace || !row.Step.Contains("delete", StringComparison.Ordinal)
        select new TheoryDataRow<MigrationType, bool, string>(move.Type, move.InPlace, row.Step);

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Is_as_the_table_says(MigrationType type, bool inPlace, string steps)
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var targetId = inPlace ? source.NodeId : (await RegisterAsync()).NodeId;
        var (migration, target) = await MoveAsync(source, targetId, type);

        foreach (var step in steps.Split(", "))
            await TakeAsync(step, source, migration);

        var (_, expectedSource, expectedTarget, expectedMove) = _table.Single(row => row.Step == steps);
        var (sourceNow, targetNow) = (await GetClaimAsync(source.ClaimId), await GetClaimAsync(target.ClaimId));
        Assert.Equal(
            (expectedSource, expectedTarget, expectedMove),
            (Describe(sourceNow), Describe(targetNow), (await GetMigrationAsync(migration.MigrationId)).State.ToString()));
        var held = new[] { sourceNow, targetNow }.Where(IsLive).ToList();
        foreach (var nodeId in new[] { source.NodeId, targetId }.Distinct())
            await AssertHoldsAsync(nodeId, [.. held.Where(claim => claim.NodeId == nodeId)]);
        await AssertInstanceHoldsAsync(source.Instance.InstanceId, held);
    }

    private async Task TakeAsync(string step, Claim source, Migration migration)
    {
        string[] nodes = [migration.SourceNodeId, migration.TargetNodeId];
        Task taken = step switch
        {
            "prepare" => UpdateAsync(migration, MigrationState.Preparing),
            "run" => UpdateAsync(migration, MigrationState.Running),
            "finish" => UpdateAsync(migration, MigrationState.Finished),
            "confirm" => ConfirmAsync(migration),
            "revert" => RevertAsync(migration),
            "fail" => FailAsync(migration),
            "release" => ReleaseAsync(source),
            "delete the source" => DeleteAsync(migration.SourceNodeId),
            "delete the target" => DeleteAsync(migration.TargetNodeId),
            "disable both" => Task.WhenAll(nodes.Select(nodeId => SetStateAsync(nodeId, NodeState.Disabled))),
            "drain both" => Task.WhenAll(nodes.Select(nodeId => SetStateAsync(nodeId, NodeState.Draining))),
            _ => throw new ArgumentOutOfRangeException(nameof(step), step, "is no step"),
        };
        await taken;
    }

    private async Task AssertHoldsAsync(string nodeId, IReadOnlyList<Claim> claims)
    {
        try
        {
            var node = await GetAsync(nodeId);
            Assert.Equal(claims.Sum(claim => claim.Resources["VCPU"]), node.Usage["VCPU"].Used);
            Assert.Equal(claims.Count, node.ClaimCount);
            Assert.Equal(claims.Count(claim => claim.Role == ClaimRole.Primary), node.Statistics.InstanceCount);
            await VerifyAsync(nodeId);
        }
        catch (RpcException gone) when (gone.StatusCode == StatusCode.NotFound)
        {
            Assert.Empty(claims);
        }
    }

    private async Task AssertInstanceHoldsAsync(string instanceId, IReadOnlyList<Claim> held)
    {
        var listed = (await Claims.ListClaimsAsync(new ListClaimsRequest { InstanceId = instanceId })).Claims;
        Assert.Equal(held.Select(claim => claim.ClaimId), listed.Select(claim => claim.ClaimId));
        var moving = held.Any(claim => claim.Role == ClaimRole.MoveTarget);
        Assert.All(listed, claim => Assert.Equal(moving, claim.MigrationId.Length > 0));
    }

    private static bool IsLive(Claim claim) => claim.State is ClaimState.Held or ClaimState.Active;

    private static string Describe(Claim claim) => $"{claim.Role} {claim.State}";
}
