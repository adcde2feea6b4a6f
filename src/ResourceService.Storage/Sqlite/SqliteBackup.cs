using Microsoft.Data.Sqlite;
using ResourceService.Ledger.Epochs;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage.Sqlite;

/// <summary>Backups of a store, for the operator's commands: taken beside a running service, restored while none runs.</summary>
public static class SqliteBackup
{
    // What SQLite keeps beside a database, by what it adds to its name.
    private static readonly string[] _companions = ["-journal", "-wal", "-shm"];

    /// <summary>
    /// Copies the store into a file. Every change acknowledged before this began is in it. A service may run; it goes on meanwhile, and its
    /// write-ahead log grows until this ends.
    /// </summary>
    public static DatabaseSummary Take(StorageOptions options, string path, bool overwrite)
    {
        var database = DataDirectory.DatabasePathOf(options.DataDirectory);
        if (DataDirectory.IsOfStore(path))
            throw new StoreException($"The file {path} is the store's own. Name another: a backup in its place would damage a store that is served.");
        if (!overwrite && File.Exists(path))
            throw new StoreException($"The file {path} exists already. Name another, or add --force to replace it.");
        using var source = OpenToRead(database);
        DatabaseFile.Summarise(source, database);
        DatabaseCopy.Write(source, path);
        using var copy = OpenToRead(path);
        return DatabaseFile.Summarise(copy, path);
    }

    /// <summary>Puts a backup into the store's place, in one step: a crash leaves the one or the other.</summary>
    /// <param name="options">Where the store is. No service may run on it.</param>
    /// <param name="path">The backup.</param>
    /// <param name="force">
    /// Whether a store may be replaced that knows of more changes than the backup, or cannot be read, and whether a backup may take its place whose
    /// sums are not those of its claims.
    /// </param>
    /// <param name="now">The time.</param>
    public static DatabaseSummary Restore(StorageOptions options, string path, bool force, DateTimeOffset now)
    {
        using var source = OpenToRead(path);
        DatabaseFile.RequireSound(source, path, IntegrityCheck.Full, DatabaseFile.NotRestored);
        var restored = DatabaseFile.Summarise(source, path);
        if (!force && IsOfThisBuild(source) && DifferencesIn(path, options) is { Count: > 0 } differences)
        {
            throw new StoreException(
                $"The backup {path} has {differences.Count} differences between its sums and its claims; the first: {differences[0]}. Take an older one, "
                + "or add --force: the claims count then.");
        }

        using var directory = DataDirectory.Open(options.DataDirectory);
        var database = directory.DatabasePath;
        if (!force && new FileInfo(database) is { Exists: true, Length: > 0 })
            RequireNotNewer(database, restored.Revision);

        var aside = $"{database}.restored";
        // A run that was killed while it raised the numbers leaves a journal by this name, which SQLite would play into the new copy.
        foreach (var suffix in _companions)
            File.Delete(aside + suffix);
        DatabaseCopy.Write(source, aside);
        BeginEpoch(aside, NumbersOfReplaced(database).Max(new NumberFloors(directory.Mark.Found?.Revision ?? 0, 0)), now);
        Settle(database);
        // What was acknowledged until now does not bind the backup. A crash before the exchange leaves the old store without its mark.
        directory.Mark.Clear();
        File.Move(aside, database, overwrite: true);
        return restored;
    }

    /// <summary>Looks a store or a backup through, and adds every node's claims up; what differs comes as a line each.</summary>
    public static (DatabaseSummary Summary, IReadOnlyList<string> Differences) Verify(StorageOptions options, string? path)
    {
        var database = path ?? DataDirectory.DatabasePathOf(options.DataDirectory);
        using var connection = OpenToRead(database);
        DatabaseFile.RequireSound(connection, database, IntegrityCheck.Full);
        var summary = DatabaseFile.Summarise(connection, database);
        return (summary, IsOfThisBuild(connection)
            ? DifferencesIn(database, options)
            : ["its schema is of an older build: the file is sound, its sums can be verified once it was served"]);
    }

    private static bool IsOfThisBuild(SqliteConnection connection) => SchemaUpgrader.VersionOf(connection) == SchemaUpgrader.NewestVersion;

    private static IReadOnlyList<string> DifferencesIn(string database, StorageOptions options)
    {
        var reader = new SqliteClaimReader(new SqliteConnections(database, options));
        var newest = reader.ReadNewestGenerations();
        return [.. reader.ReadNodes(nodeKey: null).SelectMany(stored => DifferencesOf(stored, newest.GetValueOrDefault(stored.Node.NodeKey)))];
    }

    private static IEnumerable<string> DifferencesOf(StoredNode stored, long newestGeneration)
    {
        var node = stored.Node;
        if (!stored.RecordedUsage.Equals(node.UsedByClass()) || LedgerInvariants.Verify(node).Count > 0)
            yield return $"{node.Id}: {stored.RecordedUsage} is recorded as used, its claims add up to {node.UsedByClass()}";
        // Whoever compares generations would take an old picture for a new one.
        if (node.Generation < newestGeneration)
            yield return $"{node.Id}: generation {node.Generation} is recorded, its newest event or claim has {newestGeneration}";
    }

    private static SqliteConnection OpenToRead(string path)
    {
        try
        {
            return DatabaseFile.OpenAlone(path, SqliteOpenMode.ReadOnly);
        }
        catch (SqliteException cause)
        {
            throw new StoreException($"The database {path} cannot be read: {cause.Message}", cause);
        }
    }

    private static void RequireNotNewer(string database, long revision)
    {
        try
        {
            using var standing = DatabaseFile.OpenAlone(database, SqliteOpenMode.ReadOnly);
            if (SchemaUpgrader.VersionOf(standing) > SchemaUpgrader.NewestVersion)
                throw new StoreException($"The store {database} is of a newer build. Back it up with that one first, then add --force.");
            var summary = DatabaseFile.Summarise(standing, database);
            if (summary.Revision <= revision)
                return;
            throw new StoreException(
                $"The store {database} is at revision {summary.Revision}, the backup at {revision}: {summary.Revision - revision} changes would be lost. "
                + "Back it up first, then add --force.");
        }
        catch (SqliteException cause)
        {
            throw new StoreException($"The store {database} cannot be read, so nobody knows what would be lost: {cause.Message} Add --force to replace it.", cause);
        }
    }

    // Whatever was given in the time that is lost is not given again.
    private static void BeginEpoch(string database, NumberFloors known, DateTimeOffset now)
    {
        using (var connection = DatabaseFile.OpenAlone(database, SqliteOpenMode.ReadWrite))
        {
            SchemaUpgrader.RunMissing(connection);
            SqliteEpochs.BeginRestored(connection, known, now.ToUnixTimeMilliseconds());
        }

        using var file = new FileStream(database, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    // What the store that goes knows, if it can be read: it may be gone, damaged, or of another build.
    private static NumberFloors NumbersOfReplaced(string database)
    {
        if (new FileInfo(database) is not { Exists: true, Length: > 0 })
            return default;
        try
        {
            using var standing = DatabaseFile.OpenAlone(database, SqliteOpenMode.ReadOnly);
            return SqliteEpochs.NumbersOf(standing);
        }
        catch (SqliteException)
        {
            return default;
        }
    }

    // The store's write-ahead log must not survive it: SQLite would play it into the file that takes its place. A sound store takes its log in
    // first, so that it is whole up to the moment of the exchange; of a damaged one nothing is to be saved.
    private static void Settle(string database)
    {
        if (!File.Exists(database))
            return;
        try
        {
            using var standing = DatabaseFile.OpenAlone(database, SqliteOpenMode.ReadWrite);
            Dapper.SqlMapper.Execute(standing, "PRAGMA journal_mode = delete");
        }
        catch (SqliteException cause) when (DatabaseFile.IsDamage(cause))
        {
            foreach (var suffix in _companions)
                File.Delete(database + suffix);
        }
    }
}
