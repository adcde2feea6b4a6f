using Dapper;
using Microsoft.Data.Sqlite;
using ResourceService.Storage.Sqlite;
using Xunit;

namespace ResourceService.Storage.Tests.Sqlite;

/// <summary>What others do to the files between two commits: by way of SQLite it does no harm, past it nothing is acknowledged any more.</summary>
public sealed class StoreFilesTests : IDisposable
{
    private readonly SqliteStoreUnderTest _underTest = new();

    public void Dispose() => _underTest.Dispose();

    [Theory]
    [InlineData("CREATE TABLE others (number INTEGER)")]
    [InlineData("PRAGMA wal_checkpoint(TRUNCATE)")]
    [InlineData("PRAGMA wal_checkpoint(PASSIVE)")]
    public void What_others_do_by_way_of_SQLite_is_no_reason_to_stop(string statement)
    {
        _underTest.Store.Commit(new CommitBatch(0));
        using (var other = new SqliteConnection($"Data Source={_underTest.DatabasePath};Pooling=False"))
            other.Execute(statement);

        _underTest.Store.Commit(new CommitBatch(0));
        _underTest.Restart();
    }

    [Fact]
    public void A_log_that_was_cut_off_is_noticed_and_the_next_open_says_so()
    {
        _underTest.Store.Commit(new CommitBatch(0));
        using (var log = new FileStream($"{_underTest.DatabasePath}-wal", FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            log.SetLength(0);

        var noticed = Assert.Throws<StoreException>(() => _underTest.Store.Commit(new CommitBatch(7)));
        Assert.Contains("was written by somebody else: no change is taken", noticed.Message, StringComparison.Ordinal);
        Assert.Equal(noticed.Message, Assert.Throws<StoreException>(_underTest.Store.Reopen).Message);
    }

    [Fact]
    public void A_store_that_is_closed_may_be_opened_by_others_and_moved()
    {
        _underTest.Store.Commit(new CommitBatch(7));
        _underTest.Store.Dispose();
        using (var other = new SqliteConnection($"Data Source={_underTest.DatabasePath};Pooling=False"))
            other.Execute("CREATE TABLE others (number INTEGER)");
        File.Move(_underTest.DatabasePath, $"{_underTest.DatabasePath}.moved");
        File.Copy($"{_underTest.DatabasePath}.moved", _underTest.DatabasePath);

        // No event has this revision: the batch was empty, and the mark knows of it all the same.
        Assert.Contains(
            "acknowledged were changes up to 7", Assert.Throws<StoreException>(() => SqliteClaimStore.Open(_underTest.Options)).Message, StringComparison.Ordinal);
        File.Delete(StoreMark.PathOf(_underTest.Options.DataDirectory));
        _underTest.Restart();
    }
}
