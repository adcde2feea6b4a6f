using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.Data.Sqlite;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Storage.Sqlite;
using Xunit;

namespace ResourceService.Storage.Tests.Sqlite;

/// <summary>The database file itself: its format, its PRAGMAs, its schema version, and files that are not what they should be.</summary>
public sealed class SqliteFileTests : IDisposable
{
    private const long SchemaVersion = 9;

    private readonly SqliteStoreUnderTest _underTest = new();

    public static TheoryData<string, string> Pragmas => new()
    {
        { "journal_mode", "wal" },
        { "synchronous", "2" },
        { "foreign_keys", "1" },
        { "page_size", "4096" },
        { "wal_autocheckpoint", "0" },
        { "cache_size", "-65536" },
    };

    public void Dispose() => _underTest.Dispose();

    [Theory]
    [MemberData(nameof(Pragmas))]
    public void Writer_runs_with_every_pragma_that_durability_rests_on_also_after_a_reopen(string pragma, string value)
    {
        Assert.Equal(value, WriterPragma());
        _underTest.Store.Reopen();
        Assert.Equal(value, WriterPragma());

        string? WriterPragma() => Convert.ToString(WriterOf(_underTest.Store).ExecuteScalar<object>($"PRAGMA {pragma}"));
    }

    [Fact]
    public void A_pragma_that_sqlite_does_not_keep_is_an_error_that_names_it()
    {
        Alter("PRAGMA journal_mode = delete; PRAGMA page_size = 8192; VACUUM");

        Assert.Contains("page_size at 8192", OpenFails().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_database_has_the_newest_schema() => Assert.Equal(SchemaVersion, Query<long>("PRAGMA user_version"));

    [Fact]
    public void A_database_of_a_newer_build_is_refused_with_both_versions_and_left_alone()
    {
        Alter("PRAGMA user_version = 99");

        Assert.Contains($"schema version 99, this build knows versions up to {SchemaVersion}", OpenFails().Message, StringComparison.Ordinal);
        // The folder's lock is free again: the same reason is given twice.
        Assert.Contains("schema version 99", OpenFails().Message, StringComparison.Ordinal);
        Assert.Equal(99, Query<long>("PRAGMA user_version"));
    }

    [Fact]
    public void A_refused_open_keeps_nothing_open()
    {
        Alter("PRAGMA user_version = 99");
        OpenFails();

        // SQLite leaves WAL mode only for a connection that is alone.
        Assert.Equal("delete", Query<string>("PRAGMA journal_mode = delete"));
    }

    [Fact]
    public void A_file_that_is_no_database_is_an_error_that_names_it()
    {
        _underTest.Store.Dispose();
        File.WriteAllText(_underTest.DatabasePath, new string('x', 10_000));

        Assert.Contains(_underTest.DatabasePath, OpenFails().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Usage_that_was_tampered_with_is_counted_at_load_and_shown_beside_the_claims()
    {
        var node = DrivenNode.Registered();
        node.Claim("instance-1", Sample.Amounts(2, 512));
        Commit(node);
        Alter("""UPDATE node_usage SET used = '{"VCPU":3}'""");
        _underTest.Restart();

        Assert.Equal(
            new UsageDifference(node.View.Id, Sample.Amounts((Ledger.ResourceClass.Vcpu, 3)), Sample.Amounts(2, 512)),
            Assert.Single(_underTest.Store.Load(0).UsageDifferences));
        var stored = Assert.Single(_underTest.Reader.ReadNodes(null));
        Assert.Equal(Sample.Amounts(2, 512), stored.Node.UsedByClass());
        Assert.Equal(Sample.Amounts((Ledger.ResourceClass.Vcpu, 3)), stored.RecordedUsage);
    }

    [Fact]
    public void Amounts_reports_and_attributes_keep_their_text()
    {
        // What is in people's databases: a field may be added, and none renamed.
        var node = DrivenNode.Registered(RichSample.Spec());
        var claim = node.Claim("rich-1", Sample.Amounts(4, 512));
        node.Decide(view => Ledger.Claims.ClaimRules.UpdateInstance(view, claim.Id, null, _ => RichSample.Instance, Sample.Now));
        Commit(node);

        Assert.Equal("""{"MEMORY_MB":512,"VCPU":4}""", Query<string>("SELECT used FROM node_usage"));
        Assert.Equal("""{"MEMORY_MB":512,"VCPU":4}""", Query<string>("SELECT amounts FROM claims"));
        Assert.Equal(
            """{"userId":"user-1","osType":"linux","vmState":"active","taskState":"spawning","powerState":"running"}""",
            Query<string>("SELECT attributes FROM claims"));
        var golden = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Sqlite", "spec.golden.json")));
        Assert.Equal(golden!.ToJsonString(), JsonNode.Parse(Query<string>("SELECT spec FROM nodes")!)!.ToJsonString());
    }

    [Fact]
    public void A_commit_beyond_the_size_limit_fails_whole_and_what_fits_is_taken_afterwards()
    {
        using var limited = new SqliteStoreUnderTest(databaseSizeMaxMb: 1);
        var node = DrivenNode.Registered();
        var first = new CommitBatch(0);
        first.Add(new TestEntry(node));
        limited.Store.Commit(first);
        var registered = node.View;

        var huge = new CommitBatch(first.LastRevision);
        node.Claim("instance-1", Sample.Amounts(1, 1));
        huge.Add(new TestEntry(node) { AskedBy = RichSample.Origin with { Reply = new byte[4 << 20] } });
        Assert.Throws<SqliteException>(() => limited.Store.Commit(huge));

        limited.Store.Reopen();
        NodeViewAssert.Equal(registered, Assert.Single(limited.Store.Load(0).Nodes));
        var again = new DrivenNode(registered);
        again.Claim("instance-2", Sample.Amounts(1, 1));
        var small = new CommitBatch(first.LastRevision);
        small.Add(new TestEntry(again));
        limited.Store.Commit(small);
        NodeViewAssert.Equal(again.View, Assert.Single(limited.Store.Load(0).Nodes));
    }

    private StoreException OpenFails() => Assert.Throws<StoreException>(() => SqliteClaimStore.Open(_underTest.Options));

    private void Commit(DrivenNode node)
    {
        var batch = new CommitBatch(0);
        batch.Add(new TestEntry(node));
        _underTest.Store.Commit(batch);
    }

    // As an operator with the sqlite3 shell would, while the service is down.
    private void Alter(string sql)
    {
        _underTest.Store.Dispose();
        using var connection = Open();
        connection.Execute(sql);
    }

    private T? Query<T>(string sql)
    {
        using var connection = Open();
        return connection.ExecuteScalar<T>(sql);
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection($"Data Source={_underTest.DatabasePath};Pooling=False");
        connection.Open();
        return connection;
    }

    // The PRAGMAs of a connection can be asked of that connection alone.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_writer")]
    private static extern ref PreparedConnection WriterOf(SqliteClaimStore store);
}
