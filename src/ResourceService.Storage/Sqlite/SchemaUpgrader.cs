using System.Globalization;
using System.Reflection;
using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Storage.Sqlite;

/// <summary>
/// Brings a database to this build's schema: the numbered scripts in <c>Schema/</c>, each once, each in a transaction of its own together with
/// its number in <c>PRAGMA user_version</c>.
/// </summary>
internal static class SchemaUpgrader
{
    private const string Prefix = "ResourceService.Storage.Sqlite.Schema.";

    /// <summary>Runs the scripts that are missing. Throws when the database was made by a newer build.</summary>
    public static void Upgrade(SqliteConnection connection)
    {
        var scripts = Scripts();
        var newest = scripts[^1].Version;
        var current = connection.ExecuteScalar<long>("PRAGMA user_version");
        if (current > newest)
        {
            throw new StoreException(
                $"The database has schema version {current}, this build knows versions up to {newest}. Run the newer build, or restore a backup.");
        }

        foreach (var (version, sql) in scripts.Where(script => script.Version > current))
        {
            using var transaction = connection.BeginTransaction();
            connection.Execute(sql, transaction: transaction);
            connection.Execute($"PRAGMA user_version = {version}", transaction: transaction);
            transaction.Commit();
        }
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
