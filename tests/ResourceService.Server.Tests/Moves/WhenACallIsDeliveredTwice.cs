using Google.Protobuf;

namespace ResourceService.Server.Tests.Moves;

public sealed class WhenACallIsDeliveredTwice(SharedService service) : MoveTest(service)
{
    [Theory]
    [InlineData("confirm")]
    [InlineData("revert")]
    [InlineData("fail")]
    [InlineData("release")]
    public async Task Every_step_of_a_resize_and_of_a_migration_is_taken_once(string end)
    {
        var (source, target) = (await RegisterAsync(vcpus: 100), await RegisterAsync(vcpus: 100));
        var (resized, migrated) = (await LiveAsync(source.NodeId), await LiveAsync(source.NodeId));
        var claimResize = new ClaimResizeRequest
        {
            InstanceId = resized.Instance.InstanceId,
            TargetNodeId = target.NodeId,
            Resources = Requests.Resources(),
            RequestId = Unique.RequestId(),
        };
        var claimMigration = new ClaimMigrationRequest
        {
            Type = MigrationType.ColdMigration,
            InstanceId = migrated.Instance.InstanceId,
            TargetNodeId = target.NodeId,
            RequestId = Unique.RequestId(),
        };
        var resize = (await TwiceAsync(() => Resizes.ClaimResizeAsync(claimResize))).Migration.MigrationId;
        var migration = (await TwiceAsync(() => Migrations.ClaimMigrationAsync(claimMigration))).Migration.MigrationId;
        var update = new UpdateMigrationRequest { MigrationId = resize, State = MigrationState.Running, RequestId = Unique.RequestId() };
        await TwiceAsync(() => Migrations.UpdateMigrationAsync(update));

        List<Func<Task<IMessage>>> ends = [];
        switch (end)
        {
            case "confirm":
                var confirmResize = new ConfirmResizeRequest { MigrationId = resize, RequestId = Unique.RequestId() };
                var confirmMigration = new ConfirmMigrationRequest { MigrationId = migration, RequestId = Unique.RequestId() };
                ends.Add(async () => await TwiceAsync(() => Resizes.ConfirmResizeAsync(confirmResize)));
                ends.Add(async () => await TwiceAsync(() => Migrations.ConfirmMigrationAsync(confirmMigration)));
                break;
            case "revert":
                var revertResize = new RevertResizeRequest { MigrationId = resize, RequestId = Unique.RequestId() };
                var revertMigration = new RevertMigrationRequest { MigrationId = migration, RequestId = Unique.RequestId() };
                ends.Add(async () => await TwiceAsync(() => Resizes.RevertResizeAsync(revertResize)));
                ends.Add(async () => await TwiceAsync(() => Migrations.RevertMigrationAsync(revertMigration)));
                break;
            case "fail":
                var failResize = new FailMigrationRequest { MigrationId = resize, RequestId = Unique.RequestId() };
                var failMigration = new FailMigrationRequest { MigrationId = migration, RequestId = Unique.RequestId() };
                ends.Add(async () => await TwiceAsync(() => Migrations.FailMigrationAsync(failResize)));
                ends.Add(async () => await TwiceAsync(() => Migrations.FailMigrationAsync(failMigration)));
                break;
            default:
                var releaseResized = new ReleaseInstanceRequest { InstanceId = resized.Instance.InstanceId, RequestId = Unique.RequestId() };
                var releaseMigrated = new ReleaseInstanceRequest { InstanceId = migrated.Instance.InstanceId, RequestId = Unique.RequestId() };
                ends.Add(async () => await TwiceAsync(() => Claims.ReleaseInstanceAsync(releaseResized)));
                ends.Add(async () => await TwiceAsync(() => Claims.ReleaseInstanceAsync(releaseMigrated)));
                break;
        }

        var answers = await Task.WhenAll(ends.Select(call => call()));
        var history = await EventsAsync(source.NodeId);

        // After the end, from the first call to the last: the first answers, and nothing changes.
        Assert.Equal(resize, (await Resizes.ClaimResizeAsync(claimResize)).Migration.MigrationId);
        Assert.Equal(migration, (await Migrations.ClaimMigrationAsync(claimMigration)).Migration.MigrationId);
        Assert.Equal(MigrationState.Running, (await Migrations.UpdateMigrationAsync(update)).Migration.State);
        Assert.Equal(answers, await Task.WhenAll(ends.Select(call => call())));
        Assert.Equal(history, await EventsAsync(source.NodeId));
        await VerifyAsync(source.NodeId, target.NodeId);
    }

    // At the same time, and once more: one answer.
    private static async Task<T> TwiceAsync<T>(Func<AsyncUnaryCall<T>> call)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(async _ => await call()));
        Assert.Equal(answers[0], answers[1]);
        Assert.Equal(answers[0], await call());
        return answers[0];
    }
}
