using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Storage.Sqlite;

/// <summary>
/// Writes a database into another file, as one commit left it, while others read and write it. Whatever happens meanwhile, the name given is
/// either free, or has the file that was there before, or a whole copy. What a killed run leaves beside it the next one deletes.
/// </summary>
internal static class DatabaseCopy
{
    private const string PartialSuffix = ".partial";

    /// <summary>Writes the copy aside, looks it through, makes it durable and gives it its name.</summary>
    public static void Write(SqliteConnection source, string path)
    {
        var aside = $"{path}.{RandomNumberGenerator.GetHexString(32, lowercase: true)}{PartialSuffix}";
        try
        {
            foreach (var left in Directory.EnumerateFiles(Path.GetDirectoryName(path)!).Where(file => IsLeftOf(path, file)))
                File.Delete(left);
            PrivateFiles.Open(aside).Dispose();
            // One read transaction over everything: what was committed before is in the copy, what comes later is not, and nobody waits for it.
            source.Execute("VACUUM INTO @aside", new { aside });
            using (var copy = DatabaseFile.OpenAlone(aside, SqliteOpenMode.ReadOnly))
                DatabaseFile.RequireSound(copy, aside, IntegrityCheck.Full);
            using (var file = new FileStream(aside, FileMode.Open, FileAccess.ReadWrite))
                file.Flush(flushToDisk: true);
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception cause) when (cause is SqliteException or IOException or UnauthorizedAccessException)
        {
            if (File.Exists(aside))
                File.Delete(aside);
            throw new StoreException($"The copy {path} cannot be written: {cause.Message} Check that its folder exists and has room.", cause);
        }
    }

    // What a run left that was killed: the name is made of this copy's and a number of 32 digits, which nobody else's file has.
    private static bool IsLeftOf(string path, string file)
    {
        var (name, start) = (Path.GetFileName(file), $"{Path.GetFileName(path)}.");
        return name.StartsWith(start, StringComparison.Ordinal) && name.EndsWith(PartialSuffix, StringComparison.Ordinal)
            && name.Length == start.Length + 32 + PartialSuffix.Length
            && Guid.TryParseExact(name.AsSpan(start.Length, 32), "N", out _);
    }
}
