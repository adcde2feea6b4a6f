using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Server.Tests.Operations;

/// <summary>What callers remember of the time that a restore has lost names nothing of the time after it.</summary>
public sealed class WhenABackupIsRestored : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Data => _directory.Below("data");

    private string Backup => _directory.Below("backup.db");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task No_id_generation_or_revision_of_the_lost_time_comes_again()
    {
        Claim old, lost;
        long lostRevision;
        await using (var service = await ServiceProcess.StartAsync(Data))
        {
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
            old = await ClaimAsync(service, "node-1");
            await StoreCommand.SucceedsAsync(Data, "backup", "--to", Backup);
            lost = await ClaimAsync(service, "node-1");
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-2"));
            lostRevision = (await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest())).Revision;
        }

        await StoreCommand.SucceedsAsync(Data, "restore", "--from", Backup, "--force");

        await using var restored = await ServiceProcess.StartAsync(Data);
        var next = await ClaimAsync(restored, "node-1");
        Assert.Equal("c-1-1", old.ClaimId);
        Assert.NotEqual(lost.ClaimId, next.ClaimId);
        Assert.True(next.NodeGeneration > lost.NodeGeneration + 1_000_000);
        // Late messages of the lost time meet nobody.
        await Expect.ErrorAsync(
            restored.Clients.Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = lost.ClaimId }), StatusCode.NotFound, "CLAIM_NOT_FOUND");
        var stale = Requests.Claim("node-1");
        stale.ExpectedGeneration = lost.NodeGeneration;
        await Expect.ErrorAsync(restored.Clients.Claims.ClaimInstanceAsync(stale), StatusCode.Aborted, "STALE_GENERATION");
        var again = (await restored.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-2"))).Node;
        Assert.True(again.Generation > lost.NodeGeneration + 1_000_000);
        foreach (var revision in new[] { lostRevision, lostRevision - 1 })
        {
            using var watch = restored.Clients.Audits.WatchEvents(new WatchEventsRequest { Revision = revision });
            await Expect.ErrorAsync(watch.ResponseStream, StatusCode.OutOfRange, "REVISION_IN_FUTURE");
        }

        // Who had seen no more than the backup goes on, and ids of the time before are good for ever.
        using var kept = restored.Clients.Audits.WatchEvents(new WatchEventsRequest { Revision = 2 });
        Assert.True(await kept.ResponseStream.MoveNext(CancellationToken.None));
        Assert.True(await kept.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(next.ClaimId, kept.ResponseStream.Current.Event.ClaimId);
        await restored.Clients.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = old.ClaimId });
        await Expect.BalancedBooksAsync(restored.Clients);
    }

    [Fact]
    public async Task The_journal_of_a_restore_that_was_killed_is_not_played_into_the_next_one()
    {
        await using (var service = await ServiceProcess.StartAsync(Data))
        {
            for (var i = 1; i <= 50; i++)
                await service.Clients.Nodes.RegisterNodeAsync(Requests.Node($"node-{i}"));
            await StoreCommand.SucceedsAsync(Data, "backup", "--to", Backup);
        }

        // As the killed run leaves it: pages were changed, their old content is in the journal, and nothing was committed.
        var (killed, aside) = (_directory.Below("killed.db"), Path.Combine(Data, "ledger.db.restored"));
        await StoreCommand.SucceedsAsync(Data, "backup", "--to", killed);
        await using (var connection = new SqliteConnection($"Data Source={killed};Pooling=false"))
        {
            connection.Open();
            // More than the cache holds: SQLite writes pages before the end of the transaction.
            foreach (var statement in new[]
            {
                "PRAGMA journal_mode = delete", "PRAGMA cache_size = 10", "BEGIN IMMEDIATE",
                "CREATE TABLE filling AS WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 1000) SELECT randomblob(1000) FROM numbers",
            })
                connection.Execute(statement);
            File.Copy($"{killed}-journal", $"{aside}-journal");
            connection.Execute("COMMIT");
        }

        // Another state than that of the journal.
        await using (var service = await ServiceProcess.StartAsync(Data))
        {
            for (var i = 1; i <= 50; i++)
                await ClaimAsync(service, $"node-{i}");
            await StoreCommand.SucceedsAsync(Data, "backup", "--to", Backup, "--force");
        }

        await StoreCommand.SucceedsAsync(Data, "restore", "--from", Backup, "--force");

        await StoreCommand.SucceedsAsync(Data, "verify");
        await using var restored = await ServiceProcess.StartAsync(Data);
        var verified = await restored.Clients.Audits.VerifyLedgerAsync(new VerifyLedgerRequest());
        Assert.Equal((50, 50, 0), (verified.NodeCount, verified.ClaimCount, verified.DifferenceCount));
    }

    private static async Task<Claim> ClaimAsync(ServiceProcess service, string nodeId) =>
        (await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim(nodeId))).Claim;
}
