using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Storage.Sqlite;

/// <summary>A database's file as a whole: whether it is sound, and what it holds.</summary>
internal static class DatabaseFile
{
    // SQLite's own codes for files that it cannot make sense of.
    private const int Corrupt = 11;
    private const int NotADatabase = 26;

    /// <summary>What to do about a damaged store.</summary>
    public const string NotServed = "It is not served as it is: move it away and run 'restore --from' with a backup.";

    /// <summary>What to do about a damaged backup.</summary>
    public const string NotRestored = "It is not restored: take another backup.";

    /// <summary>Opens a file outside of any pool: it is closed when the connection is.</summary>
    public static SqliteConnection OpenAlone(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ConnectionString);
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

    /// <summary>Throws, with what to do, when a file is damaged.</summary>
    public static void RequireSound(SqliteConnection connection, string path, IntegrityCheck check, string whatToDo = NotServed)
    {
        if (check == IntegrityCheck.Off)
            return;
        try
        {
            if (FirstFault(connection, check) is { } fault)
                throw Damaged(path, fault, whatToDo);
        }
        catch (SqliteException cause) when (IsDamage(cause))
        {
            throw Damaged(path, cause.Message, whatToDo, cause);
        }
    }

    /// <summary>Whether SQLite says that the file is damaged, and not only that it cannot be reached.</summary>
    public static bool IsDamage(SqliteException cause) => cause.SqliteErrorCode is Corrupt or NotADatabase;

    /// <summary>The error of a damaged file.</summary>
    public static StoreException Damaged(string path, string fault, string whatToDo, Exception? cause = null) =>
        new($"The database {path} is damaged: {fault.TrimEnd('.')}. {whatToDo}", cause);

    /// <summary>What a file holds. Throws when it is no ledger, or one of a newer build.</summary>
    public static DatabaseSummary Summarise(SqliteConnection connection, string path)
    {
        var version = connection.ExecuteScalar<long>("PRAGMA user_version");
        if (version == 0 || connection.ExecuteScalar<long>(SqliteStatements.CountLedgerTables) == 0)
            throw new StoreException($"The file {path} is no ledger of this service.");
        if (version > SchemaUpgrader.NewestVersion)
            throw SchemaUpgrader.TooNew(version);
        return connection.QuerySingle<DatabaseSummary>(SqliteStatements.SelectSummary);
    }

    // The first thing that is wrong, in words; null when all is well.
    private static string? FirstFault(SqliteConnection connection, IntegrityCheck check)
    {
        var pages = connection.ExecuteScalar<string>(check == IntegrityCheck.Full ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)");
        if (!string.Equals(pages, "ok", StringComparison.Ordinal))
            return pages;
        if (connection.ExecuteScalar<string?>("PRAGMA foreign_key_check") is { } table)
            return $"table {table} has rows of a node that does not exist";
        return connection.ExecuteScalar<long>(SqliteStatements.CountLedgerTables) > 0
            && connection.ExecuteScalar<long?>(SqliteStatements.SelectHomelessClaim) is { } sequence
                ? $"claim number {sequence} is on a node that does not exist"
                : null;
    }
}

/// <summary>What a database holds.</summary>
/// <param name="Revision">The newest event's revision.</param>
/// <param name="Nodes">Nodes that are registered.</param>
/// <param name="LiveClaims">Claims that hold resources.</param>
public sealed record DatabaseSummary(long Revision, long Nodes, long LiveClaims)
{
    /// <inheritdoc/>
    public override string ToString() => $"revision {Revision}, {Nodes} nodes, {LiveClaims} live claims";
}
