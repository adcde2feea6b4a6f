using System.Collections.Concurrent;

namespace ResourceService.Server.Tests.Operations;

public sealed class WhenABackupIsTaken : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Data => _directory.Below("data");

    private string Backup => _directory.Below("backup.db");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_backup_under_load_restores_to_a_clean_ledger_with_every_claim_acknowledged_before()
    {
        var acknowledged = new ConcurrentQueue<(ClaimInstanceRequest Request, Claim Claim)>();
        IReadOnlyList<(ClaimInstanceRequest Request, Claim Claim)> before;
        await using (var service = await ServiceProcess.StartAsync(Data))
        {
            for (var i = 0; i < 4; i++)
                await service.Clients.Nodes.RegisterNodeAsync(Requests.Node($"node-{i}", vcpus: 1_000_000, memoryMb: 1_000_000_000));
            using var ending = new CancellationTokenSource();
            var load = Task.WhenAll(Enumerable.Range(0, 8).Select(i => ClaimAsync(service.Clients, $"node-{i % 4}", acknowledged, ending.Token)));
            await Eventually.HoldsAsync("there is something to back up", () => Task.FromResult(acknowledged.Count > 500));

            before = [.. acknowledged];
            await StoreCommand.SucceedsAsync(Data, "backup", "--to", Backup);

            Assert.True(acknowledged.Count > before.Count, "nothing was claimed meanwhile: there was no load");
            await ending.CancelAsync();
            await load;
            await Expect.BalancedBooksAsync(service.Clients);
        }

        var elsewhere = _directory.Below("elsewhere");
        Assert.Contains("live claims", await StoreCommand.SucceedsAsync(elsewhere, "restore", "--from", Backup), StringComparison.Ordinal);
        Assert.StartsWith("Sound:", await StoreCommand.SucceedsAsync(elsewhere, "verify"), StringComparison.Ordinal);
        await using var restored = await ServiceProcess.StartAsync(elsewhere);
        await Expect.BalancedBooksAsync(restored.Clients);
        foreach (var (request, claim) in before)
            Assert.Equal(claim, (await restored.Clients.Claims.ClaimInstanceAsync(request)).Claim);
        Assert.True((await LedgerBooks.ReadAsync(restored.Clients)).LiveClaims.Count >= before.Count);
    }

    [Fact]
    public async Task A_store_in_use_is_not_replaced_whatever_is_asked()
    {
        await using var service = await ServiceProcess.StartAsync(Data);
        await StoreCommand.SucceedsAsync(Data, "backup", "--to", Backup);

        Assert.Contains("in use by another process", await StoreCommand.FailsAsync(Data, "restore", "--from", Backup, "--force"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_store_itself_is_no_place_for_a_backup_by_any_name()
    {
        await using var service = await ServiceProcess.StartAsync(Data);
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        var linkedFolder = Directory.CreateSymbolicLink(_directory.Below("linked"), Data).FullName;
        var linkedFile = File.CreateSymbolicLink(_directory.Below("linked.db"), Path.Combine(Data, "ledger.db")).FullName;
        var linkedAbove = Directory.CreateSymbolicLink(_directory.Below("above"), _directory.Path).FullName;
        string[] names =
        [
            Path.Combine(Data, "ledger.db"), Path.Combine(Data, "ledger.db-wal"), Path.Combine(Data, "ledger.lock"),
            Path.Combine(linkedFolder, "ledger.db"), Path.Combine(linkedAbove, "data", "ledger.db"), linkedFile,
        ];

        foreach (var name in names)
            Assert.Contains("is the store's own", await StoreCommand.FailsAsync(Data, "backup", "--to", name, "--force"), StringComparison.Ordinal);

        await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"));
        Assert.StartsWith("Sound:", await StoreCommand.SucceedsAsync(Data, "verify"), StringComparison.Ordinal);
        // Beside it is room: in a container its folder may be the only one that can be written.
        await StoreCommand.SucceedsAsync(Data, "backup", "--to", Path.Combine(Data, "ledger.2026-11-26.db"));
    }

    [Fact]
    public async Task A_newer_store_is_replaced_only_on_demand_and_its_write_ahead_log_with_it()
    {
        await using (var service = await ServiceProcess.StartAsync(Data))
        {
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
            await StoreCommand.SucceedsAsync(Data, "backup", "--to", Backup);
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-2"));
            // Killed, so that the newest change is in the log alone.
            await service.KillHardAsync();
        }

        var refusal = await StoreCommand.FailsAsync(Data, "restore", "--from", Backup);
        Assert.Contains("at revision 2, the backup at 1: 1 changes would be lost", refusal, StringComparison.Ordinal);
        Assert.Contains("revision 2, 2 nodes", await StoreCommand.SucceedsAsync(Data, "verify"), StringComparison.Ordinal);

        await StoreCommand.SucceedsAsync(Data, "restore", "--from", Backup, "--force");

        await using var restored = await ServiceProcess.StartAsync(Data);
        Assert.Equal("node-1", Assert.Single((await restored.Clients.Nodes.ListNodesAsync(new ListNodesRequest())).Nodes).NodeId);
        // Whoever followed the lost history hears of it.
        using var watch = restored.Clients.Audits.WatchEvents(new WatchEventsRequest { Revision = 2 });
        await Expect.ErrorAsync(watch.ResponseStream, StatusCode.OutOfRange, "REVISION_IN_FUTURE");
    }

    [Fact]
    public async Task A_backup_that_is_damaged_or_none_replaces_nothing()
    {
        await using (var service = await ServiceProcess.StartAsync(Data))
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        await StoreCommand.SucceedsAsync(Data, "backup", "--to", Backup);
        var bytes = await File.ReadAllBytesAsync(Backup);
        Array.Fill(bytes, (byte)0xff, 4096, bytes.Length - 4096);
        await File.WriteAllBytesAsync(_directory.Below("damaged.db"), bytes);
        await File.WriteAllTextAsync(_directory.Below("text.db"), new string('x', 10_000));
        await File.WriteAllTextAsync(_directory.Below("empty.db"), "");

        foreach (var (name, why) in new[] { ("damaged.db", "It is not restored"), ("text.db", "It is not restored"), ("empty.db", "is no ledger"), ("none.db", "cannot be read") })
            Assert.Contains(why, await StoreCommand.FailsAsync(Data, "restore", "--from", _directory.Below(name), "--force"), StringComparison.Ordinal);

        Assert.Contains("revision 1, 1 nodes", await StoreCommand.SucceedsAsync(Data, "verify"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_earlier_backup_is_replaced_only_on_demand()
    {
        await using (var service = await ServiceProcess.StartAsync(Data))
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        await File.WriteAllTextAsync(Backup, "precious");
        await File.WriteAllTextAsync($"{Backup}.partial", "of somebody else");

        Assert.Contains("exists already", await StoreCommand.FailsAsync(Data, "backup", "--to", Backup), StringComparison.Ordinal);
        Assert.Equal("precious", await File.ReadAllTextAsync(Backup));
        await StoreCommand.SucceedsAsync(Data, "backup", "--to", Backup, "--force");
        Assert.StartsWith("Sound: revision 1", await StoreCommand.SucceedsAsync(Data, "verify", "--from", Backup), StringComparison.Ordinal);
        Assert.Equal("of somebody else", await File.ReadAllTextAsync($"{Backup}.partial"));
    }

    private static async Task ClaimAsync(
        ServiceClients clients, string nodeId, ConcurrentQueue<(ClaimInstanceRequest, Claim)> acknowledged, CancellationToken ending)
    {
        while (!ending.IsCancellationRequested)
        {
            var request = Requests.Claim(nodeId);
            // A call that has begun is finished: its answer counts.
            acknowledged.Enqueue((request, (await clients.Claims.ClaimInstanceAsync(request, cancellationToken: CancellationToken.None)).Claim));
        }
    }
}
