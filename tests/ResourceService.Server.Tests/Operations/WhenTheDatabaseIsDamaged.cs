using Microsoft.Data.Sqlite;
using ResourceService.Server.Tests.Telemetry;

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
        await ChangedAsync("UPDATE claims SET node_key = 77");

        var (exitCode, output) = await ServiceProcess.RunToEndAsync(_directory.Path);

        Assert.Equal(1, exitCode);
        Assert.Contains("claim number 1 is on a node that does not exist", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""UPDATE claims SET amounts = '{"VCPU":-7}'""", "that of claim c-1-1: ")]
    [InlineData("UPDATE nodes SET spec = '{'", "that of node number 1: ")]
    public async Task A_row_that_means_nothing_is_named_in_one_line_and_not_restored(string change, string named)
    {
        await ChangedAsync(change);

        var (exitCode, output) = await ServiceProcess.RunToEndAsync(_directory.Path);

        Assert.Equal(1, exitCode);
        Assert.StartsWith("Cannot start: The database has a row that cannot be understood", output.Trim().Split('\n')[^1], StringComparison.Ordinal);
        Assert.Contains(named, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.Contains(named, await StoreCommand.FailsAsync(_directory.Path, "verify"), StringComparison.Ordinal);
        var elsewhere = _directory.Below("elsewhere");
        Assert.Contains(named, await StoreCommand.FailsAsync(elsewhere, "restore", "--from", _directory.Below("ledger.db")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sums_that_are_not_those_of_the_claims_are_told_and_made_anew()
    {
        await ChangedAsync("""UPDATE node_usage SET used = '{"VCPU":3}'""");
        const string Difference = "node-1: {\"VCPU\":3} is recorded as used, its claims add up to {\"MEMORY_MB\":512,\"VCPU\":1}";
        Assert.Contains(Difference, await StoreCommand.FailsAsync(_directory.Path, "verify"), StringComparison.Ordinal);
        var elsewhere = _directory.Below("elsewhere");
        var refusal = await StoreCommand.FailsAsync(elsewhere, "restore", "--from", _directory.Below("ledger.db"));
        Assert.Contains("1 differences between its sums and its claims; the first: " + Difference, refusal, StringComparison.Ordinal);
        await StoreCommand.SucceedsAsync(elsewhere, "restore", "--from", _directory.Below("ledger.db"), "--force");

        var port = MetricsPage.FreePort();
        await using var service = await ServiceProcess.StartAsync(_directory.Path, $"--Metrics:Port={port}");

        await Eventually.HoldsAsync(
            "the difference is told", () => Task.FromResult(service.Log.ToString().Contains("Node node-1 had {\"VCPU\":3} recorded as used", StringComparison.Ordinal)));
        Assert.Equal(1, (await MetricsPage.ReadAsync(port)).Sum("resource_service_usage_differences"));
        await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"));
        await Expect.BalancedBooksAsync(service.Clients);
        Assert.StartsWith("Sound:", await StoreCommand.SucceedsAsync(_directory.Path, "verify"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DELETE FROM claims")]
    [InlineData("DELETE FROM events WHERE kind <> 1")]
    public async Task A_generation_that_went_back_is_found(string alsoLost)
    {
        await ChangedAsync($"{alsoLost}; UPDATE node_usage SET generation = 1");

        Assert.Contains(
            "node-1: generation 1 is recorded, its newest event or claim has 2", await StoreCommand.FailsAsync(_directory.Path, "verify"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_a_link_is_not_served()
    {
        await ChangedAsync("VACUUM");
        var linked = _directory.Below("linked");
        Directory.CreateDirectory(linked);
        File.CreateSymbolicLink(Path.Combine(linked, "ledger.db"), _directory.Below("ledger.db"));

        var (exitCode, output) = await ServiceProcess.RunToEndAsync(linked);

        Assert.Equal(1, exitCode);
        Assert.Contains($"is a link to {_directory.Below("ledger.db")}. It must be a file", output, StringComparison.Ordinal);
    }

    // A store with a node and a claim, changed behind the service's back.
    private async Task ChangedAsync(string change)
    {
        await using (var service = await ServiceProcess.StartAsync(_directory.Path))
        {
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
            await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"));
            await service.StopGentlyAsync();
        }

        await using var connection = new SqliteConnection($"Data Source={_directory.Below("ledger.db")};Pooling=False;Foreign Keys=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new SqliteCommand(change, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
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
