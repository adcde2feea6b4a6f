namespace ResourceService.Server.Tests.Crash;

public sealed class WhenTheServiceIsKilled(ITestOutputHelper output)
{
    private const int KillCount = 22;

    [Fact]
    public async Task Everything_acknowledged_is_there_once_and_retries_get_the_first_answer()
    {
        var seed = Seed.Choose();
        output.WriteLine(Seed.Describe(seed));
        var random = new Random(seed);
        var fleet = new LoadedFleet(seed);
        using var directory = new TemporaryDirectory();

        for (var kill = 1; kill <= KillCount; kill++)
        {
            await using var service = await ServiceProcess.StartAsync(directory.Path);
            if (kill == 1)
                await LoadedFleet.RegisterAsync(service.Clients);
            else
                await fleet.VerifyAsync(service.Clients);

            var running = fleet.RunAsync(service.Clients);
            var lifetime = TimeSpan.FromMilliseconds(random.Next(5, 500));
            await Task.Delay(lifetime);
            await service.KillHardAsync();
            await running;
            output.WriteLine($"Kill {kill} after {lifetime.TotalMilliseconds} ms: {fleet.AcknowledgedCount} calls acknowledged so far");
        }

        await using var last = await ServiceProcess.StartAsync(directory.Path);
        await fleet.VerifyAsync(last.Clients);
        Assert.True(fleet.AcknowledgedCount > 20 * KillCount, $"only {fleet.AcknowledgedCount} calls were acknowledged: this tests nothing");
        Assert.Single(last.Log.All, line => line.Contains("Recovered in", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_lease_that_ends_while_the_service_is_down_ends_when_it_is_back()
    {
        using var directory = new TemporaryDirectory();
        var node = Requests.Node();
        Claim claim;
        await using (var first = await ServiceProcess.StartAsync(directory.Path))
        {
            await first.Clients.Nodes.RegisterNodeAsync(node);
            var request = Requests.Claim(node.NodeId);
            request.Lease = Requests.Seconds(1);
            claim = (await first.Clients.Claims.ClaimInstanceAsync(request)).Claim;
            await first.KillHardAsync();
        }

        await using var second = await ServiceProcess.StartAsync(directory.Path);

        await Eventually.HoldsAsync("the claim expires", async () =>
            (await second.Clients.Claims.GetClaimAsync(new GetClaimRequest { ClaimId = claim.ClaimId })).Claim.State == ClaimState.Expired);
        var events = (await second.Clients.Audits.ListEventsAsync(new ListEventsRequest { ClaimId = claim.ClaimId })).Events;
        Assert.Equal([EventKind.InstanceClaimed, EventKind.ClaimExpired], events.Select(item => item.Kind));
        await Expect.BalancedBooksAsync(second.Clients);
    }

    [Fact]
    public async Task A_confirm_that_was_acknowledged_has_released_the_source_and_an_unconfirmed_move_ends_with_its_lease()
    {
        using var directory = new TemporaryDirectory();
        var (first, second) = (Requests.Node(), Requests.Node());
        List<Migration> moves = [];
        await using (var service = await ServiceProcess.StartAsync(directory.Path))
        {
            await service.Clients.Nodes.RegisterNodeAsync(first);
            await service.Clients.Nodes.RegisterNodeAsync(second);
            foreach (var seconds in new[] { 1, 600, 600 })
                moves.Add(await StartMoveAsync(service.Clients, first.NodeId, second.NodeId, seconds));
            // The first waits for its lease, the second for a decision, and the third is decided.
            await service.Clients.Migrations.UpdateMigrationAsync(
                new UpdateMigrationRequest { MigrationId = moves[1].MigrationId, State = MigrationState.Finished });
            await service.Clients.Migrations.ConfirmMigrationAsync(new ConfirmMigrationRequest { MigrationId = moves[2].MigrationId });
            await service.KillHardAsync();
        }

        await using var restarted = await ServiceProcess.StartAsync(directory.Path);
        var clients = restarted.Clients;

        await Eventually.HoldsAsync("the first move expires", async () => await StateAsync(moves[0]) == MigrationState.Expired);
        Assert.Equal((MigrationState.Finished, MigrationState.Confirmed), (await StateAsync(moves[1]), await StateAsync(moves[2])));
        var books = await LedgerBooks.ReadAsync(clients);
        Assert.Empty(books.Imbalances());
        Assert.Equal(
            [moves[0].SourceClaimId, moves[1].SourceClaimId, moves[1].TargetClaimId, moves[2].TargetClaimId],
            books.LiveClaims.Select(claim => claim.ClaimId).OrderBy(id => Array.IndexOf(Order(moves), id)));
        // What was decided before the kill is answered again after it.
        Assert.Equal(
            moves[2].TargetClaimId,
            (await clients.Migrations.ConfirmMigrationAsync(new ConfirmMigrationRequest { MigrationId = moves[2].MigrationId })).Claim.ClaimId);
        Assert.Equal(
            2, (await clients.Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = moves[1].InstanceId })).Claims.Count);

        async Task<MigrationState> StateAsync(Migration migration) =>
            (await clients.Migrations.GetMigrationAsync(new GetMigrationRequest { MigrationId = migration.MigrationId })).Migration.State;

        static string[] Order(IEnumerable<Migration> moves) => [.. moves.SelectMany(move => new[] { move.SourceClaimId, move.TargetClaimId })];
    }

    private static async Task<Migration> StartMoveAsync(ServiceClients clients, string sourceId, string targetId, double leaseSeconds)
    {
        var claim = (await clients.Claims.ClaimInstanceAsync(Requests.Claim(sourceId))).Claim;
        await clients.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        return (await clients.Migrations.ClaimMigrationAsync(new ClaimMigrationRequest
        {
            Type = MigrationType.Evacuation,
            InstanceId = claim.Instance.InstanceId,
            TargetNodeId = targetId,
            Lease = Requests.Seconds(leaseSeconds),
        })).Migration;
    }
}
