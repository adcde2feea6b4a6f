using System.Globalization;
using System.Text.RegularExpressions;

namespace ResourceService.Server.Operations;

/// <summary>A folder of backups that have their times for names, such as a schedule fills.</summary>
internal static partial class BackupFolder
{
    /// <summary>How many are kept unless the caller says otherwise.</summary>
    public const int KeptByDefault = 7;

    /// <summary>The most that can be kept.</summary>
    public const int KeptMax = 1000;

    // What a killed run left is not that of one that still writes: no copy takes so long.
    private static readonly TimeSpan _abandonedAfter = TimeSpan.FromDays(1);

    /// <summary>The backup's file of a time.</summary>
    public static string PathAt(string folder, DateTimeOffset now) =>
        Path.Combine(folder, now.UtcDateTime.ToString("'ledger-'yyyyMMdd'T'HHmmss'Z.db'", CultureInfo.InvariantCulture));

    /// <summary>
    /// Deletes the oldest beside a new backup, by their names, until as many are there as are kept, and what runs left that were killed. The new one
    /// stays, also where the clock was put back. Gives the names of what is gone.
    /// </summary>
    public static IReadOnlyList<string> DeleteOlder(string newPath, int kept, DateTimeOffset now)
    {
        var folder = Path.GetDirectoryName(newPath)!;
        var names = Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Where(name => name != Path.GetFileName(newPath)).ToList();
        string[] gone =
        [
            .. names.Where(name => Whole().IsMatch(name)).OrderDescending(StringComparer.Ordinal).Skip(kept - 1),
            .. names.Where(name => Partial().IsMatch(name) && now.UtcDateTime - File.GetLastWriteTimeUtc(Path.Combine(folder, name)) > _abandonedAfter),
        ];
        foreach (var name in gone)
            File.Delete(Path.Combine(folder, name));
        return gone;
    }

    [GeneratedRegex(@"^ledger-\d{8}T\d{6}Z\.db$", RegexOptions.None, 1000)]
    private static partial Regex Whole();

    [GeneratedRegex(@"^ledger-\d{8}T\d{6}Z\.db\.[0-9a-f]{32}\.partial$", RegexOptions.None, 1000)]
    private static partial Regex Partial();
}
