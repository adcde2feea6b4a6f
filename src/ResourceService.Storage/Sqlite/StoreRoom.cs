namespace ResourceService.Storage.Sqlite;

/// <summary>
/// Whether the ledger has room to grow, and the reserve that leads out of a full disk: a file of real blocks beside the database, which is deleted
/// when a write finds no room and made again when there is room.
///
/// Who may use what: callers' new claims, moves and reports only what is free beside the reserve, and of that not the last part. What ends or frees
/// something, and what the service does by itself (leases, retention, copying the log into the database), all that is free, and then the reserve.
/// Under the lock of its store.
/// </summary>
internal sealed class StoreRoom
{
    private const string ReserveSuffix = ".reserve";

    private readonly string _folder;
    private readonly string _path;
    private readonly long _reserve;
    private readonly long _pagesMax;
    private readonly long _pagesKept;
    private long _held;

    // How much room there must be, the reserve included, since it was given up: what it made free is not for those whom it is kept from.
    private long _needed;
    private bool _lacksPages;
    private volatile string? _tightBecause;

    /// <summary>The reserve of an earlier run is free room: a start may need it.</summary>
    public StoreRoom(string databasePath, StorageOptions options)
    {
        _folder = Path.GetDirectoryName(databasePath)!;
        _path = databasePath + ReserveSuffix;
        _reserve = options.ReserveMb * Step;
        _pagesMax = options.DatabaseSizeMaxMb * Step / SqliteConnections.PageSize;
        // Of a database that is limited to less than some reserves, a part.
        _pagesKept = Math.Min(_reserve / SqliteConnections.PageSize, _pagesMax / 8);
        File.Delete(_path);
    }

    /// <summary>What is written between two looks at the disk at most, and the unit of its blocks here.</summary>
    public static long Step => 1024 * 1024;

    /// <summary>Why callers' changes that make the ledger grow are refused; null while they are not.</summary>
    public string? TightBecause => _tightBecause;

    /// <summary>How many pages a database may have before its free ones are to be counted; none matters where there is no limit.</summary>
    public long PagesUncounted => _pagesKept > 0 ? _pagesMax - _pagesKept : long.MaxValue;

    // Callers are refused below the first, and served again from the second on, so that it does not change with every page.
    private long Low => _reserve / 8;

    private long High => _reserve * 3 / 16;

    /// <summary>What a database takes on its volume; null while the system does not say.</summary>
    public static StoreSizes? SizesOf(string databasePath)
    {
        try
        {
            var volume = new DriveInfo(Path.GetDirectoryName(databasePath)!);
            return new StoreSizes(SizeOf(databasePath), SizeOf($"{databasePath}-wal"), volume.AvailableFreeSpace, volume.TotalSize);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        static long SizeOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
    }

    /// <summary>Notes how many pages of the database are in use; true when that calls for a look.</summary>
    public bool NotePages(long used)
    {
        var lackedPages = _lacksPages;
        _lacksPages = used > PagesUncounted;
        return _lacksPages != lackedPages;
    }

    /// <summary>Looks at the disk, and makes the reserve, or more of it, where there is room.</summary>
    public void Measure()
    {
        if (_reserve == 0 || Free() is not { } free)
            return;
        free -= Hold(free);
        _tightBecause = _lacksPages ? "the database has nearly as many pages in use as Storage:DatabaseSizeMaxMb allows"
            : _held + free < _needed ? $"the disk of {_folder} was full, and little room was made since the reserve was given up"
            : _held == 0 ? $"the disk of {_folder} has no room for the reserve"
            : free < (_tightBecause is null ? Low : High) ? $"the disk of {_folder} has little room beside the reserve"
            : null;
        if (_held + free >= _needed)
            _needed = 0;
    }

    /// <summary>A write failed. Where there is no room, the reserve makes some.</summary>
    public void NoteFailure()
    {
        if (_held == 0 || !(Free() < Step))
            return;
        _needed = _held + High;
        Release();
        _tightBecause = $"the disk of {_folder} was full, and the reserve was given up";
    }

    /// <summary>Deletes the reserve. Where that fails its folder is gone or may not be written, and there is no room to be had.</summary>
    public void Release()
    {
        _held = 0;
        try
        {
            File.Delete(_path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
        }
    }

    // Null when the folder is not there any more, or the system does not say: then nothing new is known.
    private long? Free()
    {
        try
        {
            return new DriveInfo(_folder).AvailableFreeSpace;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Half of it is worth having; the rest follows. What is left beside it lets callers in.
    private long Hold(long free)
    {
        var wanted = Math.Min(_reserve, (_held + free - High) / Step * Step);
        if (wanted < (_held == 0 ? Math.Max(Step, _reserve / 2) : _held + Step))
            return 0;
        var before = _held;
        try
        {
            Release();
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, PreallocationSize = wanted };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var file = new FileStream(_path, options))
                file.SetLength(wanted);
            _held = wanted;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // Others took the room meanwhile.
            Release();
        }

        return _held - before;
    }
}
