using Microsoft.Data.Sqlite;

namespace ResourceService.Server.Tests.Operations;

public sealed class WhenTheDatabaseIsDamaged : IDisposable
{
    private const int PageSize = 4096;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("Quick")]
    [InlineData("Full")]
    public async Task It_is_not_served_and_the_line_says_what_to_do(string check)
    {
        await DamageAsync();

        var (exitCode, output) = await ServiceProcess.RunToEndAsync(_directory.Path, $"--Storage:IntegrityCheck={check}");

        Assert.Equal(1, exitCode);
        Assert.Contains($"{_directory.Below("ledger.db")} is damaged", output, StringComparison.Ordinal);
        Assert.Contains("restore --from", output, StringComparison.Ordinal);
        Assert.DoesNotContain("..", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_replaced_by_a_backup_on_demand()
    {
        await using (var service = await ServiceProcess.StartAsync(_directory.Path))
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        await StoreCommand.SucceedsAsync(_directory.Path, "backup", "--to", _directory.Below("backup.db"));
        await DamageAsync();

        await StoreCommand.SucceedsAsync(_directory.Path, "restore", "--from", _directory.Below("backup.db"), "--force");

        await using var restored = await ServiceProcess.StartAsync(_directory.Path);
        Assert.Single((await restored.Clients.Nodes.ListNodesAsync(new ListNodesRequest())).Nodes);
    }

    [Fact]
    public async Task A_claim_of_a_node_that_does_not_exist_is_found()
    {
        await using (var service = await ServiceProcess.StartAsync(_directory.Path))
        {
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
            await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"));
            await service.StopGentlyAsync();
        }

        await using (var connection = new SqliteConnection($"Data Source={_directory.Below("ledger.db")};Pooling=False;Foreign Keys=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var command = new SqliteCommand("UPDATE claims SET node_key = 77", connection);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var (exitCode, output) = await ServiceProcess.RunToEndAsync(_directory.Path);

        Assert.Equal(1, exitCode);
        Assert.Contains("claim number 1 is on a node that does not exist", output, StringComparison.Ordinal);
    }

    // A store with rows, and nonsense in the middle of them.
    private async Task DamageAsync()
    {
        await using (var service = await ServiceProcess.StartAsync(_directory.Path))
        {
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-9", vcpus: 10_000, memoryMb: 10_000_000));
            await service.Clients.Claims.ClaimInstancesAsync(
                new ClaimInstancesRequest { Requests = { Enumerable.Range(0, 500).Select(_ => Requests.Claim("node-9")) } });
            await service.StopGentlyAsync();
        }

        await using var file = new FileStream(_directory.Below("ledger.db"), FileMode.Open, FileAccess.Write);
        Assert.True(file.Length > 20 * PageSize);
        for (var page = 8; page < file.Length / PageSize; page += 2)
        {
            file.Position = page * PageSize;
            await file.WriteAsync(new byte[PageSize / 2], TestContext.Current.CancellationToken);
        }
    }
}
