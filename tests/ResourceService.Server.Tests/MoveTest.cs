namespace ResourceService.Server.Tests;

/// <summary>A test of what callers who move instances see.</summary>
public abstract class MoveTest(SharedService service) : ServiceTest(service)
{
    public static IReadOnlyList<MigrationType> Types { get; } =
        [MigrationType.Resize, MigrationType.ColdMigration, MigrationType.LiveMigration, MigrationType.Evacuation];

    /// <summary>An instance whose claim on a node is confirmed.</summary>
    protected async Task<Claim> LiveAsync(string nodeId, long vcpus = 2)
    {
        var claim = await ClaimAsync(nodeId, vcpus);
        return (await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId })).Claim;
    }

    /// <summary>Starts a move of any type: the answer of the service that starts it.</summary>
    protected async Task<(Migration Migration, Claim Claim)> MoveAsync(
        Claim claim, string targetId, MigrationType type = MigrationType.ColdMigration, long vcpus = 3, double leaseSeconds = 600)
    {
        if (type == MigrationType.Resize)
        {
            var resize = await Resizes.ClaimResizeAsync(new ClaimResizeRequest
            {
                InstanceId = claim.Instance.InstanceId,
                TargetNodeId = targetId,
                Resources = Requests.Resources(vcpus),
                Lease = Requests.Seconds(leaseSeconds),
            });
            return (resize.Migration, resize.Claim);
        }

        var migration = await Migrations.ClaimMigrationAsync(new ClaimMigrationRequest
        {
            Type = type,
            InstanceId = claim.Instance.InstanceId,
            TargetNodeId = targetId,
            Resources = Requests.Resources(vcpus),
            Lease = Requests.Seconds(leaseSeconds),
        });
        return (migration.Migration, migration.Claim);
    }

    /// <summary>Two nodes, an instance on the first, and its move to the second.</summary>
    protected async Task<(Claim Source, Migration Migration, Claim Target)> MovingAsync(
        MigrationType type = MigrationType.ColdMigration, double leaseSeconds = 600)
    {
        var source = await LiveAsync((await RegisterAsync()).NodeId);
        var (migration, target) = await MoveAsync(source, (await RegisterAsync()).NodeId, type, leaseSeconds: leaseSeconds);
        return (source, migration, target);
    }

    protected async Task<(Migration Migration, Claim Claim)> ConfirmAsync(Migration migration)
    {
        if (migration.Type == MigrationType.Resize)
        {
            var resize = await Resizes.ConfirmResizeAsync(new ConfirmResizeRequest { MigrationId = migration.MigrationId });
            return (resize.Migration, resize.Claim);
        }

        var answer = await Migrations.ConfirmMigrationAsync(new ConfirmMigrationRequest { MigrationId = migration.MigrationId });
        return (answer.Migration, answer.Claim);
    }

    protected async Task<(Migration Migration, Claim? Claim)> RevertAsync(Migration migration)
    {
        if (migration.Type == MigrationType.Resize)
        {
            var resize = await Resizes.RevertResizeAsync(new RevertResizeRequest { MigrationId = migration.MigrationId, Reason = "no" });
            return (resize.Migration, resize.Claim);
        }

        var answer = await Migrations.RevertMigrationAsync(new RevertMigrationRequest { MigrationId = migration.MigrationId, Reason = "no" });
        return (answer.Migration, answer.Claim);
    }

    protected async Task<(Migration Migration, Claim? Claim)> FailAsync(Migration migration)
    {
        var answer = await Migrations.FailMigrationAsync(new FailMigrationRequest { MigrationId = migration.MigrationId, Reason = "broken" });
        return (answer.Migration, answer.Claim);
    }

    protected async Task<Migration> UpdateAsync(Migration migration, MigrationState state) =>
        (await Migrations.UpdateMigrationAsync(new UpdateMigrationRequest { MigrationId = migration.MigrationId, State = state })).Migration;

    protected async Task<IReadOnlyList<Claim>> ReleaseAsync(Claim claim) =>
        (await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId, Reason = "deleted" })).Claims;

    protected async Task<Migration> GetMigrationAsync(string migrationId) =>
        (await Migrations.GetMigrationAsync(new GetMigrationRequest { MigrationId = migrationId })).Migration;

    protected async Task DeleteAsync(string nodeId) => await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = nodeId, Force = true });

    protected async Task SetStateAsync(string nodeId, NodeState state) =>
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = nodeId, State = state });

    /// <summary>Nothing differs between memory, store and claims, on the nodes of a move.</summary>
    protected async Task VerifyAsync(params IEnumerable<string> nodeIds)
    {
        foreach (var nodeId in nodeIds)
            Assert.Empty((await Audits.VerifyLedgerAsync(new VerifyLedgerRequest { NodeId = nodeId })).Differences);
    }
}
