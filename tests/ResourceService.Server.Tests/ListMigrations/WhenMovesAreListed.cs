namespace ResourceService.Server.Tests.ListMigrations;

public sealed class WhenMovesAreListed(SharedService service) : MoveTest(service)
{
    [Fact]
    public async Task Filters_hold_together_and_those_in_flight_are_the_default()
    {
        var (one, other) = (await RegisterAsync(vcpus: 100), await RegisterAsync(vcpus: 100));
        var resize = (await MoveAsync(await LiveAsync(one.NodeId), other.NodeId, MigrationType.Resize)).Migration;
        var live = (await MoveAsync(await LiveAsync(one.NodeId), other.NodeId, MigrationType.LiveMigration)).Migration;
        live = await UpdateAsync(live, MigrationState.Running);
        var back = (await MoveAsync(await LiveAsync(other.NodeId), one.NodeId)).Migration;
        var (confirmed, _) = await ConfirmAsync(back);
        var inPlace = (await MoveAsync(await LiveAsync(other.NodeId), other.NodeId, MigrationType.Resize)).Migration;

        Assert.Equal([resize, live], await ListAsync(new() { NodeId = one.NodeId }));
        Assert.Equal([resize, live, inPlace], await ListAsync(new() { NodeId = other.NodeId }));
        Assert.Equal([live], await ListAsync(new() { NodeId = one.NodeId, States = { MigrationState.Running, MigrationState.Finished } }));
        Assert.Equal([confirmed], await ListAsync(new() { NodeId = one.NodeId, States = { MigrationState.Confirmed } }));
        Assert.Equal([resize, inPlace], await ListAsync(new() { NodeId = other.NodeId, Types_ = { MigrationType.Resize } }));
        Assert.Equal([live], await ListAsync(new() { InstanceId = live.InstanceId }));
        Assert.Empty(await ListAsync(new() { InstanceId = back.InstanceId }));
        Assert.Empty(await ListAsync(new() { NodeId = "nowhere" }));
        Assert.Contains(live, await ListAsync(new() { PageSize = 1000 }));
    }

    [Fact]
    public async Task Pages_follow_each_other_without_gap_or_repeat()
    {
        var (source, target) = (await RegisterAsync(vcpus: 100), await RegisterAsync(vcpus: 100));
        var moves = new List<Migration>();
        for (var i = 0; i < 7; i++)
            moves.Add((await MoveAsync(await LiveAsync(source.NodeId), target.NodeId)).Migration);

        var request = new ListMigrationsRequest { NodeId = target.NodeId, PageSize = 3 };
        var listed = new List<Migration>();
        do
        {
            var page = await Migrations.ListMigrationsAsync(request);
            Assert.InRange(page.Migrations.Count, 1, 3);
            listed.AddRange(page.Migrations);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(moves, listed);
        await Expect.ErrorAsync(
            Migrations.ListMigrationsAsync(new ListMigrationsRequest { PageToken = "nonsense" }), StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN");
    }

    private async Task<IReadOnlyList<Migration>> ListAsync(ListMigrationsRequest request) => (await Migrations.ListMigrationsAsync(request)).Migrations;
}
