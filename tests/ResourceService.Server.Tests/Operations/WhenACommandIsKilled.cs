namespace ResourceService.Server.Tests.Operations;

/// <summary>Backup and restore, ended at random moments of their work as a power cut would end them.</summary>
public sealed class WhenACommandIsKilled : IDisposable
{
    private const int BackupKills = 5;
    private const int RestoreKills = 2;

    private readonly TemporaryDirectory _directory = new();

    private string Data => _directory.Below("data");

    private string Backup => _directory.Below("backup.db");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Store_and_copy_are_the_old_or_the_new_and_a_second_run_succeeds()
    {
        var seed = Seed.Choose();
        TestContext.Current.TestOutputHelper?.WriteLine(Seed.Describe(seed));
        var random = new Random(seed);
        var old = _directory.Below("old.db");
        List<string> acknowledged = [];
        var (midway, copyTime) = (0, TimeSpan.Zero);
        await using (var service = await ServiceProcess.StartAsync(Data))
        {
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1", vcpus: 1_000_000, memoryMb: 1_000_000_000));
            await StoreCommand.SucceedsAsync(Data, "backup", "--to", old);
            for (var batch = 0; batch < 10; batch++)
            {
                var claims = await service.Clients.Claims.ClaimInstancesAsync(
                    new ClaimInstancesRequest { Requests = { Enumerable.Range(0, 500).Select(_ => Requests.Claim("node-1")) } });
                acknowledged.AddRange(claims.Results.Select(result => result.Claim.ClaimId));
            }

            copyTime = await StoreCommand.CopyTimeAsync(Data, _directory.Path, "backup", "--to", Backup);
            for (var i = 0; i < BackupKills; i++)
            {
                midway += await KilledMidwayAsync(Data, _directory.Path, "backup", "--to", Backup, "--force");
                if (File.Exists(Backup))
                    Assert.StartsWith("Sound:", await StoreCommand.SucceedsAsync(Data, "verify", "--from", Backup), StringComparison.Ordinal);
            }

            Assert.StartsWith("Sound:", await StoreCommand.SucceedsAsync(Data, "verify"), StringComparison.Ordinal);
            await StoreCommand.SucceedsAsync(Data, "backup", "--to", Backup, "--force");
            Assert.Empty(StoreCommand.Partials(_directory.Path));
            await HoldsAsync(service);
        }

        var elsewhere = _directory.Below("elsewhere");
        var before = await StoreCommand.SucceedsAsync(elsewhere, "restore", "--from", old);
        Assert.Contains("revision 1,", before, StringComparison.Ordinal);
        for (var i = 0; i < RestoreKills; i++)
        {
            midway += await KilledMidwayAsync(elsewhere, elsewhere, "restore", "--from", Backup);
            var found = await StoreCommand.SucceedsAsync(elsewhere, "verify");
            Assert.True(
                found.Contains("0 live claims", StringComparison.Ordinal) || found.Contains($" {acknowledged.Count} live claims", StringComparison.Ordinal), found);
        }

        Assert.True(midway > 0, $"every command was faster than its end. {Seed.Describe(seed)}");
        await StoreCommand.SucceedsAsync(elsewhere, "restore", "--from", Backup);
        Assert.Empty(StoreCommand.Partials(elsewhere));
        await using var restored = await ServiceProcess.StartAsync(elsewhere);
        await HoldsAsync(restored);

        // From its first bytes, which come late, to a little after its end: a restore writes the same copy.
        async Task<int> KilledMidwayAsync(string dataDirectory, string copyFolder, params string[] command) =>
            await StoreCommand.KillAsync(dataDirectory, copyFolder, copyTime * (0.3 + (0.8 * random.NextDouble())), command) ? 1 : 0;

        async Task HoldsAsync(ServiceProcess service)
        {
            var books = await LedgerBooks.ReadAsync(service.Clients);
            Assert.Empty(books.Imbalances());
            Assert.Equal(acknowledged.Order(StringComparer.Ordinal), books.LiveClaims.Select(claim => claim.ClaimId).Order(StringComparer.Ordinal));
        }
    }
}
