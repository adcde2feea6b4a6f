using Dapper;
using Microsoft.Data.Sqlite;
using ResourceService.Ledger;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Storage.Sqlite;
using Xunit;

namespace ResourceService.Storage.Tests.Sqlite;

/// <summary>A restored store goes on above all numbers that were given, and rows of a clock that was ahead grow old.</summary>
public sealed class SqliteEpochTests : IDisposable
{
    private const long Day = 86_400_000;

    private static readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("resourceservice-");

    private StorageOptions Data => OptionsOf("data");

    private string Backup => Path.Combine(_folder.FullName, "backup.db");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Every_number_after_a_restore_is_higher_than_all_before()
    {
        var node = Fill(Data, claims: 3);
        SqliteBackup.Take(Data, Backup, overwrite: false);
        Change(Data, node, claims: 4);
        var lost = Load(Data);

        SqliteBackup.Restore(Data, Backup, force: true, _now);

        var restored = Load(Data);
        Assert.True(restored.LastRevision > lost.LastRevision);
        Assert.True(restored.LastClaimSequence > lost.LastClaimSequence);
        Assert.True(restored.LastAuditSequence > lost.LastAuditSequence);
        Assert.True(Assert.Single(restored.Nodes).Generation > Assert.Single(lost.Nodes).Generation);
        Assert.True(restored.GenerationFloor >= restored.Nodes[0].Generation);
        Assert.Equal([1_000_001L, 1_000_002, 1_000_003], restored.Nodes[0].Claims.Keys);
        Assert.Empty(SqliteBackup.Verify(Data, path: null).Differences);
    }

    [Fact]
    public void Restored_again_and_elsewhere_from_one_backup_no_number_is_given_twice()
    {
        Fill(Data, claims: 3);
        SqliteBackup.Take(Data, Backup, overwrite: false);
        var seen = new List<StoreContents>();
        for (var i = 0; i < 4; i++)
        {
            // Nothing is known of the ones before: the folder is new each time, as on another machine.
            var elsewhere = OptionsOf($"restored-{i}");
            SqliteBackup.Restore(elsewhere, Backup, force: false, _now.AddMinutes(i));
            seen.Add(Load(elsewhere));
        }

        Assert.Equal(4, seen.Select(contents => contents.LastClaimSequence / 1_000_000).Distinct().Count());
        Assert.True(seen.Zip(seen.Skip(1)).All(pair => pair.Second.LastRevision > pair.First.LastRevision + 1_000_000));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_store_that_cannot_be_read_is_gone_and_the_clock_behind_it_does_not_matter(bool isThere)
    {
        var node = Fill(Data, claims: 3);
        SqliteBackup.Take(Data, Backup, overwrite: false);
        Change(Data, node, claims: 4);
        var lost = Load(Data);
        foreach (var file in _folder.GetFiles("data/ledger.*").Where(file => file.Name != "ledger.lock"))
        {
            if (isThere)
                File.WriteAllText(file.FullName, new string('x', 10_000));
            else
                file.Delete();
        }

        SqliteBackup.Restore(Data, Backup, force: true, DateTimeOffset.UnixEpoch);

        var restored = Load(Data);
        Assert.True(restored.LastRevision > lost.LastRevision && restored.LastClaimSequence > lost.LastClaimSequence);
    }

    [Fact]
    public void Claims_of_all_epochs_are_read_and_a_backup_of_a_restored_store_is_restored_above_it()
    {
        var node = Fill(Data, claims: 3);
        for (var epoch = 1; epoch <= 3; epoch++)
        {
            SqliteBackup.Take(Data, Backup, overwrite: true);
            SqliteBackup.Restore(Data, Backup, force: false, _now);
            var before = Load(Data);
            node = new DrivenNode(Assert.Single(before.Nodes));
            node.Apply(Ledger.Claims.ClaimRules.Claim(
                node.View, Sample.Request(Sample.Amounts(1, 1)), null,
                Sample.HeldClaim(new ClaimId(1, before.LastClaimSequence + 1), Sample.Instance($"epoch-{epoch}"), Sample.Amounts(1, 1))));
            Commit(Data, node, before.LastRevision);

            Assert.Equal(3 + epoch, Assert.Single(Load(Data).Nodes).Claims.Count);
        }

        Assert.Empty(SqliteBackup.Verify(Data, path: null).Differences);
    }

    [Fact]
    public void Only_revisions_that_this_ledger_gave_are_in_its_history()
    {
        Fill(Data, claims: 3);
        SqliteBackup.Take(Data, Backup, overwrite: false);
        SqliteBackup.Restore(Data, Backup, force: false, _now);
        using var store = SqliteClaimStore.Open(Data);

        Assert.True(store.Reader.IsInHistory(4));
        Assert.True(store.Reader.IsInHistory(0));
        Assert.False(store.Reader.IsInHistory(5));
        Assert.False(store.Reader.IsInHistory(store.Load(0).LastRevision - 1));
    }

    [Fact]
    public void Rows_of_a_clock_that_was_ahead_go_once_they_are_known_for_long_enough()
    {
        Fill(Data, claims: 3);
        using (var connection = Open())
        {
            connection.Execute("UPDATE events SET time = @time", new { time = _now.AddDays(60).ToUnixTimeMilliseconds() });
            connection.Execute("UPDATE claims SET state = 3, update_time = @time", new { time = new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() });
        }

        using var store = SqliteClaimStore.Open(Data);
        store.Load(0);

        Assert.Equal((0, 0), Retire(store, daysLater: 29));
        Assert.Equal((3, 2), Retire(store, daysLater: 31));
    }

    private static (int Events, int Claims) Retire(SqliteClaimStore store, int daysLater)
    {
        var now = _now.AddDays(daysLater).ToUnixTimeMilliseconds();
        return (Deleted(RetainedTable.Events), Deleted(RetainedTable.EndedClaims));

        int Deleted(RetainedTable table)
        {
            var step = new RetentionStep(table, 0, now - (30 * Day), RowsMax: 100) { NowMs = now };
            var batch = new CommitBatch(store.Load(0).LastRevision);
            batch.Add(new TestEntry { Retires = step });
            store.Commit(batch);
            return step.DeletedCount;
        }
    }

    private static DrivenNode Fill(StorageOptions options, int claims)
    {
        var node = DrivenNode.Registered();
        for (var i = 0; i < claims; i++)
            node.Claim($"instance-{i}", Sample.Amounts(1, 1));
        Commit(options, node, 0);
        return node;
    }

    private static void Change(StorageOptions options, DrivenNode node, int claims)
    {
        for (var i = 0; i < claims; i++)
            node.Claim($"lost-{i}", Sample.Amounts(1, 1));
        Commit(options, node, Load(options).LastRevision);
    }

    private static void Commit(StorageOptions options, DrivenNode node, long lastRevision)
    {
        using var store = SqliteClaimStore.Open(options);
        var batch = new CommitBatch(lastRevision);
        batch.Add(new TestEntry(node));
        store.Commit(batch);
    }

    private static StoreContents Load(StorageOptions options)
    {
        using var store = SqliteClaimStore.Open(options);
        return store.Load(0);
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection($"Data Source={DataDirectory.DatabasePathOf(Data.DataDirectory)};Pooling=False");
        connection.Open();
        return connection;
    }

    private StorageOptions OptionsOf(string name) => new() { DataDirectory = Path.Combine(_folder.FullName, name) };
}
