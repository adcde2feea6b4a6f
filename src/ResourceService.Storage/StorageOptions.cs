namespace ResourceService.Storage;

/// <summary>Where and how the store keeps its file. Configuration section <c>Storage</c>.</summary>
public sealed class StorageOptions
{
    /// <summary>The folder of the database and its lock; created when missing. Default: <c>data</c> below the working directory.</summary>
    public string DataDirectory { get; set; } = "data";

    /// <summary>
    /// The most the database file may grow to, in MiB; 0 (default) is no limit. At the limit changes are answered with UNAVAILABLE, as on a
    /// full disk.
    /// </summary>
    public int DatabaseSizeMaxMb { get; set; }

    /// <summary>
    /// Room that is kept on the disk for what ends or frees something and for the service's own writes, in MiB; callers' changes that make the ledger
    /// grow are refused before it is touched. 0 to 1024; 0 is none, and a full disk is noticed by the first write that fails.
    /// </summary>
    public int ReserveMb { get; set; } = 16;

    /// <summary>How thoroughly the file is looked through before it is served.</summary>
    public IntegrityCheck IntegrityCheck { get; set; } = IntegrityCheck.Quick;

    /// <summary>The page cache of the writing connection, in MiB. 1 to 65536.</summary>
    public int CacheMb { get; set; } = 64;

    /// <summary>
    /// How many pages of 4 KiB the write-ahead log gathers before they are copied into the database. More copies a page that changes often
    /// less often; fewer keeps the log small. 100 to 1,000,000.
    /// </summary>
    public int CheckpointPages { get; set; } = 8_000;
}
