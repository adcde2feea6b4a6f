namespace ResourceService.Storage.Sqlite;

/// <summary>
/// A file that SQLite has open, looked at by its name: whether the name still leads to it, and whether anybody else wrote it. One thread at a time.
/// </summary>
/// <param name="path">Its name.</param>
/// <param name="what">What it is, in a sentence.</param>
internal sealed class WatchedFile(string path, string what)
{
    private readonly byte[] _path = FileStamp.PathBytes(path);
    private FileStamp? _opened;
    private FileStamp? _last;

    /// <summary>The number by which the file system knows the file that was opened; 0 where nothing is known.</summary>
    public ulong Inode => _opened?.Inode ?? 0;

    /// <summary>Its size after the service's last write; 0 where nothing is known.</summary>
    public long Size => (long)(_last?.Size ?? 0);

    /// <summary>Takes the file that the name leads to for the one that was just opened.</summary>
    public void NoteOpened() => _opened = _last = Read();

    /// <summary>What is written up to now is the service's own.</summary>
    /// <returns>Why the name does not lead to the open file any more; null when it does.</returns>
    public string? NoteWritten() => WhyElsewhere(_last = Read());

    /// <summary>Why the name does not lead to the open file any more; null when it does.</summary>
    public string? WhyNotInPlace() => WhyElsewhere(Read());

    /// <summary>Why the file is not as the service left it; null when it is. Between two commits nobody else writes it.</summary>
    /// <param name="isWritten">Whether it is in place, and was written.</param>
    public string? WhyTouched(out bool isWritten)
    {
        var now = Read();
        var elsewhere = WhyElsewhere(now);
        isWritten = elsewhere is null && now != _last;
        return isWritten ? $"{what} {path} was written by somebody else" : elsewhere;
    }

    private string? WhyElsewhere(FileStamp? found) =>
        _opened is not { } opened ? null
        : found is not { } now ? $"{what} {path} was deleted or moved away"
        : now.IsSameFile(opened) ? null
        : $"{what} {path} is another file than the one that was opened";

    private FileStamp? Read() => FileStamp.IsSupported ? FileStamp.Read(_path) : null;
}
