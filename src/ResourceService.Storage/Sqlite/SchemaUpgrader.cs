using System.Globalization;
using System.Reflection;
using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Storage.Sqlite;

/// <summary>
/// Brings a database to this build's schema: the numbered scripts in <c>Schema/</c>, each once, each in a transaction of its own together with
/// its number in <c>PRAGMA user_version</c>. A database with nodes in it is copied first, beside itself: the older build can go on from there.
/// </summary>
internal static class SchemaUpgrader
{
    private const string Prefix = "ResourceService.Storage.Sqlite.Schema.";

    private static readonly IReadOnlyList<(long Version, string Sql)> _scripts = Scripts();

    /// <summary>The version of this build.</summary>
    public static long NewestVersion => _scripts[^1].Version;

    /// <summary>The first version that knows of epochs.</summary>
    public const long EpochsVersion = 5;

    /// <summary>The version of a database; 0 when it is new.</summary>
    public static long VersionOf(SqliteConnection connection) => connection.ExecuteScalar<long>("PRAGMA user_version");

    /// <summary>The error for a database of a newer build.</summary>
    public static StoreException TooNew(long version) => new(
        $"The database has schema version {version}, this build knows versions up to {NewestVersion}. Run the newer build, or restore a backup.");

    /// <summary>Runs the scripts that are missing. Throws when the database was made by a newer build.</summary>
    public static void Upgrade(SqliteConnection connection, string databasePath)
    {
        var current = VersionOf(connection);
        if (current > NewestVersion)
            throw TooNew(current);
        if (current > 0 && current < NewestVersion && connection.ExecuteScalar<long>(SqliteStatements.CountNodes) > 0)
            BackUp(connection, databasePath);
        RunMissing(connection);
    }

    /// <summary>Runs the scripts that are missing, without a copy.</summary>
    public static void RunMissing(SqliteConnection connection)
    {
        var current = VersionOf(connection);
        foreach (var (version, sql) in _scripts.Where(script => script.Version > current))
        {
            using var transaction = connection.BeginTransaction();
            connection.Execute(sql, transaction: transaction);
            connection.Execute($"PRAGMA user_version = {version}", transaction: transaction);
            transaction.Commit();
        }
    }

    /// <summary>Runs the scripts up to a version on a new database, as an older build did.</summary>
    internal static void CreateAs(SqliteConnection connection, long version)
    {
        foreach (var (_, sql) in _scripts.Where(script => script.Version <= version))
            connection.Execute(sql);
        connection.Execute($"PRAGMA user_version = {version}");
    }

    // One is kept: the newest, once it is whole.
    private static void BackUp(SqliteConnection connection, string databasePath)
    {
        var (folder, name) = (Path.GetDirectoryName(databasePath)!, Path.GetFileName(databasePath));
        var copy = $"{databasePath}.before-v{NewestVersion}";
        DatabaseCopy.Write(connection, copy);
        foreach (var older in Directory.EnumerateFiles(folder, $"{name}.before-v*").Where(path => !string.Equals(path, copy, StringComparison.Ordinal)))
            File.Delete(older);
    }

    private static List<(long Version, string Sql)> Scripts()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => (Version: long.Parse(name.AsSpan(Prefix.Length, 4), CultureInfo.InvariantCulture), Sql: Read(assembly, name)))
            .OrderBy(script => script.Version)];
    }

    private static string Read(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
