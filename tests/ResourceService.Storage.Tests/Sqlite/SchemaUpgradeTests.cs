using Dapper;
using Microsoft.Data.Sqlite;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Storage.Records;
using ResourceService.Storage.Sqlite;
using Xunit;

namespace ResourceService.Storage.Tests.Sqlite;

/// <summary>A database of an older build: upgraded, and kept as it was beside itself.</summary>
public sealed class SchemaUpgradeTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("resourceservice-");

    private string DatabasePath => Path.Combine(_folder.FullName, "ledger.db");

    private string CopyPath => $"{DatabasePath}.before-v{SchemaUpgrader.NewestVersion}";

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_ledger_of_the_first_build_is_copied_and_upgraded_with_all_it_holds()
    {
        CreateFirst(withNode: true);

        using (var store = Open())
        {
            var node = Assert.Single(store.Load(0).Nodes);
            Assert.Equal("node-1", node.Id.Value);
            Assert.Equal(2, Assert.Single(node.Claims).Value.Amounts.Of(Ledger.ResourceClass.Vcpu));
            Assert.Empty(store.Load(0).UsageDifferences);
            var refusal = new RefusalRecord(1, Sample.Now, "scheduler", "instance-2", "", 18, ["node-1"], [1]);
            var batch = new CommitBatch(store.Load(0).LastRevision);
            batch.Add(new TestEntry { Refused = new RefusalWrite([refusal], KeepFrom: 0) });
            store.Commit(batch);
            Assert.Equal(1, Assert.Single(store.Reader.ListRefusals(new RefusalFilter { NodeId = "node-1" }, limit: 10)).Sequence);
        }

        Assert.Equal(SchemaUpgrader.NewestVersion, VersionOf(DatabasePath));
        Assert.Equal(1, VersionOf(CopyPath));
        Assert.Equal(1, Count(CopyPath, "claims"));
    }

    [Fact]
    public void The_copy_is_a_store_that_can_be_upgraded_itself()
    {
        CreateFirst(withNode: true);
        Open().Dispose();

        var restored = new StorageOptions { DataDirectory = Path.Combine(_folder.FullName, "restored") };
        SqliteBackup.Restore(restored, CopyPath, force: false, TimeProvider.System.GetUtcNow());

        using var store = SqliteClaimStore.Open(restored);
        Assert.Single(store.Load(0).Nodes);
    }

    [Fact]
    public void One_copy_is_kept()
    {
        CreateFirst(withNode: true);
        var older = $"{DatabasePath}.before-v1";
        File.WriteAllText(older, "");

        Open().Dispose();

        Assert.False(File.Exists(older));
        Assert.True(File.Exists(CopyPath));
    }

    [Fact]
    public void Nothing_is_copied_where_nothing_is_lost()
    {
        Open().Dispose();
        Open().Dispose();
        Assert.False(File.Exists(CopyPath));

        File.Delete(DatabasePath);
        CreateFirst(withNode: false);
        Open().Dispose();
        Assert.False(File.Exists(CopyPath));
    }

    [Fact]
    public void Without_room_for_a_copy_nothing_is_upgraded()
    {
        CreateFirst(withNode: true);
        // A folder in the copy's place cannot be replaced by a file.
        Directory.CreateDirectory(CopyPath);

        Assert.Contains("cannot be written", Assert.Throws<StoreException>(Open).Message, StringComparison.Ordinal);

        Assert.Equal(1, VersionOf(DatabasePath));
    }

    private SqliteClaimStore Open() => SqliteClaimStore.Open(new StorageOptions { DataDirectory = _folder.FullName });

    // What the first build wrote, by its own script.
    private void CreateFirst(bool withNode)
    {
        using var connection = DatabaseFile.OpenAlone(DatabasePath, SqliteOpenMode.ReadWriteCreate);
        SchemaUpgrader.CreateAs(connection, version: 1);
        if (!withNode)
            return;
        connection.Execute(
            """
            INSERT INTO nodes (node_key, node_id, spec, state, state_reason, register_time)
            VALUES (1, 'node-1', @spec, 1, '', 0);
            INSERT INTO node_usage (node_key, generation, used, failed_builds, update_time) VALUES (1, 2, '{"VCPU":2}', 0, 0);
            INSERT INTO claims (claim_seq, node_key, instance_id, project_id, amounts, state, create_time, update_time, generation)
            VALUES (1, 1, 'instance-1', '', '{"VCPU":2}', 2, 0, 0, 2)
            """,
            new { spec = SpecText.Write(Sample.Spec("node-1")) });
    }

    private static long VersionOf(string path)
    {
        using var connection = DatabaseFile.OpenAlone(path, SqliteOpenMode.ReadOnly);
        return SchemaUpgrader.VersionOf(connection);
    }

    private static long Count(string path, string table)
    {
        using var connection = DatabaseFile.OpenAlone(path, SqliteOpenMode.ReadOnly);
        return connection.ExecuteScalar<long>($"SELECT count(*) FROM {table}");
    }
}
