using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ResourceService.Storage.Sqlite;

/// <summary>What SQLite can do with a file and its .NET library has no call for: sqlite3_file_control of sqlite3.h.</summary>
internal static partial class SqliteNative
{
    private const int PersistWal = 10;
    private const int ChunkSize = 6;
    private const int SizeHint = 5;

    /// <summary>
    /// Keeps the write-ahead log's file when the last connection is closed: as long as the service runs its log is one file, and if it is missing
    /// somebody else took it.
    /// </summary>
    public static void KeepLog(SqliteConnection connection) => Control(connection, PersistWal, 1);

    /// <summary>Makes the database's file grow, and stay, in multiples of a number of bytes.</summary>
    public static void GrowBy(SqliteConnection connection, int bytes) => Control(connection, ChunkSize, bytes);

    /// <summary>
    /// Gives the database's file the blocks for so many bytes now. The log can then be copied into it whatever else is written to the disk until then.
    /// </summary>
    public static void Extend(SqliteConnection connection, long bytes) => Control(connection, SizeHint, bytes);

    /// <summary>Does not copy the log into the database when the connection is closed.</summary>
    public static void LeaveLog(SqliteConnection connection) => raw.sqlite3_db_config(connection.Handle!, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);

    private static void Control(SqliteConnection connection, int operation, long argument)
    {
        var result = FileControl(connection.Handle!, "main", operation, ref argument);
        if (result != raw.SQLITE_OK)
            throw new SqliteException($"SQLite does not take file control {operation}.", result);
    }

    // What takes an int finds it at the same place: .NET runs on machines of little end.
    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FileControl(sqlite3 database, string name, int operation, ref long argument);
}
