namespace ResourceService.Storage.Sqlite;

/// <summary>
/// The folder of one store. Owns its lock: as long as this lives no other process can open the same store, because two writers with a memory
/// each would both believe in theirs.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    private const string DatabaseName = "ledger.db";
    private const string LockName = "ledger.lock";

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream heldLock, StoreMark mark)
    {
        DatabasePath = Path.Combine(path, DatabaseName);
        _lock = heldLock;
        Mark = mark;
    }

    /// <summary>The database's file.</summary>
    public string DatabasePath { get; }

    /// <summary>What is known of the store beside its database.</summary>
    internal StoreMark Mark { get; }

    /// <summary>Where the database of a folder is, for those who only read it and need no lock.</summary>
    public static string DatabasePathOf(string directory) => Path.Combine(Path.GetFullPath(directory), DatabaseName);

    /// <summary>Creates the folder when it is missing and locks it. Throws when another process has it or it cannot be written.</summary>
    public static DataDirectory Open(string directory)
    {
        var path = Path.GetFullPath(directory);
        var lockPath = Path.Combine(path, LockName);
        try
        {
            PrivateFiles.CreateFolder(path);
            var held = PrivateFiles.Open(lockPath);
            try
            {
                RequireFile(Path.Combine(path, DatabaseName));
                return new DataDirectory(path, held, StoreMark.Open(path));
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (UnauthorizedAccessException cause)
        {
            throw new StoreException(
                $"The data directory {path} is not writable by this user: {cause.Message} Make it writable, or set Storage:DataDirectory.", cause);
        }
        catch (IOException cause) when (File.Exists(lockPath) && !IsReadOnly(lockPath))
        {
            throw new StoreException(
                $"The data directory {path} is in use by another process, which holds {lockPath}. Stop it, or set Storage:DataDirectory.", cause);
        }
        catch (IOException cause)
        {
            throw new StoreException(
                $"The data directory {path} cannot be written: {cause.Message} Make it writable, or set Storage:DataDirectory.", cause);
        }
    }

    /// <summary>
    /// Whether a file is the database of a store, or what is kept beside it, by whatever name its folder goes. A folder that has a lock is a store's:
    /// paths of one folder may differ by links and mounts, the lock in it is the same.
    /// </summary>
    public static bool IsOfStore(string file)
    {
        var entry = new FileInfo(file);
        var final = (entry.LinkTarget is null ? entry : entry.ResolveLinkTarget(returnFinalTarget: true))!;
        return (final.Name.StartsWith(DatabaseName, StringComparison.OrdinalIgnoreCase) || final.Name.Equals(LockName, StringComparison.OrdinalIgnoreCase)
                || final.Name.Equals(StoreMark.FileName, StringComparison.OrdinalIgnoreCase))
            && File.Exists(Path.Combine(Path.GetDirectoryName(final.FullName)!, LockName));
    }

    /// <summary>Creates the database's file unless it is there; SQLite takes an empty one for a new database.</summary>
    public void CreateDatabase() => PrivateFiles.Open(DatabasePath).Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        Mark.Dispose();
        _lock.Dispose();
    }

    // Two folders with links to one database would have a lock each.
    private static void RequireFile(string database)
    {
        if (new FileInfo(database).LinkTarget is { } target)
        {
            throw new StoreException(
                $"The database {database} is a link to {target}. It must be a file: its lock is kept beside it. Set Storage:DataDirectory to the folder of the file.");
        }
    }

    private static bool IsReadOnly(string path)
    {
        try
        {
            using var probe = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return false;
        }
        catch (IOException cause)
        {
            return cause.Message.Contains("Read-only", StringComparison.OrdinalIgnoreCase);
        }
    }
}
