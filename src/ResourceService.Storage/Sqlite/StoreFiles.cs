namespace ResourceService.Storage.Sqlite;

/// <summary>
/// Whether what is acknowledged is in the files that the next start reads. The service has the database and its write-ahead log open, and an open
/// file lives on when its name is deleted, moved or given to another: it would be written, and read, and be gone with the process. So the names
/// are looked at around each commit, and once they lead elsewhere nothing is acknowledged any more until a start has judged what is there. Not
/// even when they lead back: what was written meanwhile may be in the one file or in the other.
///
/// What happens to a file between the last look and the next start cannot be seen here: <see cref="StoreMark"/> tells it then.
/// </summary>
/// <param name="databasePath">The database.</param>
/// <param name="mark">What is known beside it.</param>
internal sealed class StoreFiles(string databasePath, StoreMark mark)
{
    private readonly WatchedFile _database = new(databasePath, "the database");
    private readonly WatchedFile _log = new($"{databasePath}-wal", "the write-ahead log");
    private readonly Lock _gate = new();
    private string? _lostBecause;

    /// <summary>Whether the names led elsewhere once, or somebody else wrote into a file.</summary>
    public bool AreLost => Volatile.Read(ref _lostBecause) is not null;

    /// <summary>Whether somebody else wrote into a file: copying the log into the database would only spread it.</summary>
    public bool AreOverwritten { get; private set; }

    /// <summary>The database's bytes on the disk; 0 where they are not known.</summary>
    public long DatabaseSize => _database.Size;

    /// <summary>The log's bytes on the disk; 0 where they are not known.</summary>
    public long LogSize => _log.Size;

    /// <summary>Whether what somebody else wrote came by way of SQLite, which leaves the files whole. Asked when a file was written.</summary>
    public Func<bool> IsOrderly { get; set; } = static () => false;

    /// <summary>Whether the log alone is gone: what was acknowledged is still in the open one, and the database can take it.</summary>
    public bool IsLogAloneLost => AreLost && !AreOverwritten && _database.WhyNotInPlace() is null;

    /// <summary>Throws when the files of a store cannot hold all that was acknowledged, as far as the mark of its last service knows.</summary>
    public static void RequireWhole(string databasePath, StoreMark mark)
    {
        if (mark.Found is not { Revision: > 0 } last)
            return;
        if (new FileInfo(databasePath) is not { Exists: true, Length: > 0 })
        {
            throw new StoreException(
                $"The database {databasePath} is missing or empty, and there was one with changes up to revision {last.Revision}. Bring it back with its log, or "
                + $"run 'restore --from' with a backup. To begin with an empty ledger, delete {StoreMark.PathOf(Path.GetDirectoryName(databasePath)!)}.");
        }

        if (last.State == StoreState.Overwritten)
            throw Mixed("were written by somebody else while they were served", toGoOn: "Once the right files are back, or where these are known to be sound,");
        if (last.State == StoreState.Open && IsMixed(databasePath, last))
            throw Mixed("do not belong together: one of them was exchanged while they were served, or after a crash", toGoOn: "Where these are known to be the right ones,");

        StoreException Mixed(string what, string toGoOn) => new(
            $"The database {databasePath} and its write-ahead log {what}. SQLite would mix what they hold. Bring the right files back, or move both away and run "
            + $"'restore --from' with a backup. {toGoOn} delete {StoreMark.PathOf(Path.GetDirectoryName(databasePath)!)}.");
    }

    /// <summary>Throws when a database lacks changes that were acknowledged.</summary>
    public static void RequireRevision(string databasePath, StoreMark mark, long revision)
    {
        if (mark.Found is not { } last || revision >= last.Revision)
            return;
        throw new StoreException(
            $"The database {databasePath} has changes up to revision {revision}, and acknowledged were changes up to {last.Revision}: an older database took its "
            + "place, or its write-ahead log was deleted. Bring the right files back. To go on with what is there, take a backup of it, and 'restore --from' it with --force.");
    }

    /// <summary>The store is being served from the files that the names lead to now, which hold everything up to a revision.</summary>
    public void Begin(long revision)
    {
        _database.NoteOpened();
        _log.NoteOpened();
        mark.Write(new StoreMark.Content(revision, StoreState.Open, _database.Inode, _log.Inode));
    }

    /// <summary>Throws when the names lead elsewhere, or did so once.</summary>
    public void RequireInPlace()
    {
        if (Volatile.Read(ref _lostBecause) is { } known)
            throw Lost(known);
        if ((_database.WhyNotInPlace() ?? _log.WhyNotInPlace()) is { } why)
            throw Lose(why);
    }

    /// <summary>A commit begins. Throws when the files are not as the last one left them.</summary>
    public void RequireUntouched()
    {
        RequireDatabaseUntouched();
        RequireUntouched(_log);
    }

    /// <summary>A commit failed. It may have written into the log, and never into the database.</summary>
    public void Failed()
    {
        RequireDatabaseUntouched();
        if (_log.NoteWritten() is { } why)
            throw Lose(why);
    }

    /// <summary>Throws when the database is not as the last commit left it.</summary>
    public void RequireDatabaseUntouched()
    {
        if (Volatile.Read(ref _lostBecause) is { } known)
            throw Lost(known);
        RequireUntouched(_database);
    }

    /// <summary>A commit is durable. Throws when that is not so of the files that the next start reads, and notes the revision otherwise.</summary>
    /// <param name="revision">The newest; null when the commit made none.</param>
    public void Committed(long? revision)
    {
        // A commit writes the log alone.
        RequireDatabaseUntouched();
        if (_log.NoteWritten() is { } why)
            throw Lose(why);
        if (revision > mark.Revision)
            TryMark(revision.Value);
    }

    // The commit is durable, and the mark only a witness: an older one tells less, and the next commit tries again.
    private void TryMark(long revision)
    {
        try
        {
            mark.Write(revision);
        }
        catch (IOException)
        {
        }
    }

    /// <summary>What is in the files now is the service's own. Throws when the names lead elsewhere.</summary>
    public void NoteWritten()
    {
        if ((_database.NoteWritten() ?? _log.NoteWritten()) is { } why)
            throw Lose(why);
    }

    /// <summary>The store is not served any more, and its connections are closed: without a log everything is in the database.</summary>
    public void End()
    {
        if (!AreLost && new FileInfo($"{databasePath}-wal") is not { Exists: true, Length: > 0 })
            mark.Write(new StoreMark.Content(mark.Revision, StoreState.Closed));
    }

    // Both may be others: then they came together, as from a copy of the folder. An empty log, or none, cannot be mixed with anything; whether it lacks
    // something the revision tells.
    private static bool IsMixed(string databasePath, StoreMark.Content last)
    {
        if (!FileStamp.IsSupported || last.Database == 0 || last.Log == 0)
            return false;
        var (database, log) = (FileStamp.Read(FileStamp.PathBytes(databasePath)), FileStamp.Read(FileStamp.PathBytes($"{databasePath}-wal")));
        return log is { Size: > 0 } && (database?.Inode == last.Database) != (log.Value.Inode == last.Log);
    }

    private void RequireUntouched(WatchedFile file)
    {
        if (file.WhyTouched(out var isWritten) is not { } why)
            return;
        if (isWritten && IsOrderly())
        {
            NoteWritten();
            return;
        }

        var lost = Lose(why);
        AreOverwritten = isWritten;
        if (isWritten)
            mark.Write(new StoreMark.Content(mark.Revision, StoreState.Overwritten));
        throw lost;
    }

    private StoreException Lose(string why)
    {
        lock (_gate)
            _lostBecause ??= why;
        return Lost(_lostBecause);
    }

    private static StoreException Lost(string why) =>
        new($"{char.ToUpperInvariant(why[0])}{why[1..]}: no change is taken until the service is restarted with the right files in place.");
}
