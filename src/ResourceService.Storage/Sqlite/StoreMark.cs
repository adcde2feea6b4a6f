using System.Globalization;
using System.Text;

namespace ResourceService.Storage.Sqlite;

/// <summary>
/// What is known of a store beside its database, in a small file of its own: the newest revision that was acknowledged, and which files held it. A
/// start compares it with what it finds, so that a database or a log that was lost while nobody looked is not served in silence.
///
/// The revision is written after each commit and not flushed: it survives the process, and after a loss of power it may be older than the database,
/// never newer. It is no promise, only a witness: where it cannot be written the store is as good as without it.
/// </summary>
internal sealed class StoreMark : IDisposable
{
    /// <summary>The file's name.</summary>
    public const string FileName = "ledger.state";

    private const string RevisionKey = "revision=";
    private const int Digits = 20;

    private readonly FileStream _file;
    private readonly byte[] _digits = new byte[Digits];

    private StoreMark(FileStream file) => _file = file;

    /// <summary>What the mark said when it was opened; null when there was none, as in a new folder and in one of an older build.</summary>
    public Content? Found { get; private init; }

    /// <summary>The newest revision noted.</summary>
    public long Revision { get; private set; }

    /// <summary>Where the mark of a folder is.</summary>
    public static string PathOf(string folder) => Path.Combine(folder, FileName);

    /// <summary>Opens the mark of a folder, or begins one.</summary>
    public static StoreMark Open(string folder)
    {
        var file = PrivateFiles.Open(PathOf(folder));
        try
        {
            var text = new byte[Math.Min(file.Length, 4_096)];
            file.ReadExactly(text);
            return new StoreMark(file) { Found = Parse(Encoding.UTF8.GetString(text)) };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Notes that a store is being served, or not any more, or must not be.</summary>
    public void Write(Content content)
    {
        // In place and always as long: a disk without room takes it.
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{RevisionKey}{content.Revision:D20}\nstate={content.State,-11}\ndatabase={content.Database:D20}\nlog={content.Log:D20}\n");
        RandomAccess.Write(_file.SafeFileHandle, Encoding.UTF8.GetBytes(text), fileOffset: 0);
        RandomAccess.FlushToDisk(_file.SafeFileHandle);
        Revision = content.Revision;
    }

    /// <summary>Notes the newest revision that is about to be acknowledged.</summary>
    public void Write(long revision)
    {
        revision.TryFormat(_digits, out _, "D20", CultureInfo.InvariantCulture);
        RandomAccess.Write(_file.SafeFileHandle, _digits, RevisionKey.Length);
        Revision = revision;
    }

    /// <summary>Forgets what was known: another store takes the place.</summary>
    public void Clear()
    {
        _file.SetLength(0);
        RandomAccess.FlushToDisk(_file.SafeFileHandle);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static Content? Parse(string text)
    {
        var values = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('='))
            .Where(parts => parts.Length == 2)
            .ToLookup(parts => parts[0], parts => parts[1].Trim(), StringComparer.Ordinal);
        return long.TryParse(values["revision"].FirstOrDefault(), CultureInfo.InvariantCulture, out var revision)
            && Enum.TryParse<StoreState>(values["state"].FirstOrDefault(), out var state)
                ? new Content(revision, state, Number("database"), Number("log"))
                : null;

        ulong Number(string key) => ulong.TryParse(values[key].FirstOrDefault(), CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    /// <param name="Revision">The newest that was acknowledged.</param>
    /// <param name="State">What became of the store.</param>
    /// <param name="Database">The number by which the file system knows the database; 0 where nothing is known.</param>
    /// <param name="Log">The same of the write-ahead log.</param>
    public sealed record Content(long Revision, StoreState State, ulong Database = 0, ulong Log = 0);
}

/// <summary>What became of a store when it was served last.</summary>
internal enum StoreState
{
    /// <summary>It was being served: the log may hold what the database does not.</summary>
    Open,

    /// <summary>It was stopped: the database holds everything.</summary>
    Closed,

    /// <summary>Somebody wrote into its files while it was served: nobody knows what they hold.</summary>
    Overwritten,
}
