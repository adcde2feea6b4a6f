using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Storage.Sqlite;

/// <summary>Opens connections to one database file, with every PRAGMA that durability rests on set and read back.</summary>
/// <param name="databasePath">The file.</param>
/// <param name="options">How it is used.</param>
/// <param name="files">Where the file and its log must be for what is read to be the ledger; null for a file that nobody serves.</param>
internal sealed class SqliteConnections(string databasePath, StorageOptions options, StoreFiles? files = null)
{
    // Readers that meet the writer in its checkpoint wait this long; the writer itself never meets another writer.
    private const int BusyTimeoutMs = 5_000;

    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 4_096;

    /// <summary>The writer's connection. There is one at a time.</summary>
    public PreparedConnection OpenWriter()
    {
        var connection = Open(new PreparedConnection(ConnectionString(SqliteOpenMode.ReadWriteCreate, pooling: false)));
        try
        {
            Require(connection, "page_size", PageSize);
            Require(connection, "journal_mode", "wal");
            // 2 is FULL: a commit is on the disk when it returns. NORMAL would lose acknowledged claims when power is lost.
            Require(connection, "synchronous", 2L);
            Require(connection, "foreign_keys", 1L);
            Require(connection, "cache_size", -options.CacheMb * 1024L);
            Require(connection, "temp_store", 2L);
            // The store does it, so that it knows which writes to the database are its own.
            Require(connection, "wal_autocheckpoint", 0L);
            // A log that a long reader made grow gives its room back when it begins anew; one that is closed is empty.
            Require(connection, "journal_size_limit", 2L * options.CheckpointPages * PageSize);
            SqliteNative.KeepLog(connection);
            SqliteNative.GrowBy(connection, (int)StoreRoom.Step);
            if (options.DatabaseSizeMaxMb > 0)
                LimitSize(connection, options.DatabaseSizeMaxMb * 1024L * 1024 / PageSize);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A connection that only reads, from a pool.</summary>
    public SqliteConnection OpenReader()
    {
        // A new connection would read whatever has the name now.
        files?.RequireInPlace();
        var connection = Open(new SqliteConnection(ConnectionString(SqliteOpenMode.ReadOnly, pooling: true)));
        connection.Execute("PRAGMA query_only = 1");
        return connection;
    }

    private string ConnectionString(SqliteOpenMode mode, bool pooling) => new SqliteConnectionStringBuilder
    {
        DataSource = databasePath,
        Mode = mode,
        Pooling = pooling,
        DefaultTimeout = BusyTimeoutMs / 1_000,
    }.ConnectionString;

    private static T Open<T>(T connection)
        where T : SqliteConnection
    {
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void LimitSize(SqliteConnection connection, long pagesMax)
    {
        // SQLite never sets the limit below what the file has already.
        var pages = connection.ExecuteScalar<long>("PRAGMA page_count");
        if (pages > pagesMax)
        {
            throw new StoreException(
                $"The database has {pages * PageSize / 1024 / 1024} MiB, more than Storage:DatabaseSizeMaxMb of {options.DatabaseSizeMaxMb}. Raise the limit.");
        }

        Require(connection, "max_page_count", pagesMax);
    }

    private static void Require(SqliteConnection connection, string pragma, object value)
    {
        connection.Execute($"PRAGMA {pragma} = {value}");
        var actual = connection.ExecuteScalar<object>($"PRAGMA {pragma}");
        if (!string.Equals(Convert.ToString(actual), Convert.ToString(value), StringComparison.OrdinalIgnoreCase))
            throw new StoreException($"SQLite keeps PRAGMA {pragma} at {actual}, not {value}: the store would not be as durable as promised.");
    }
}
