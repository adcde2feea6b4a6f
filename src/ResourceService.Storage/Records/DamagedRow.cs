namespace ResourceService.Storage.Records;

/// <summary>
/// Rows that are there but say nothing that the ledger could mean. The file is sound for SQLite, so only who reads them notices; an operator must be
/// told which one it is.
/// </summary>
internal static class DamagedRow
{
    /// <summary>Reads a row; whatever is wrong with it comes as an error that names it.</summary>
    public static T Explain<TRow, T>(TRow row, Func<TRow, T> read, Func<TRow, string> nameOf)
    {
        try
        {
            return read(row);
        }
        catch (Exception cause) when (cause is not StoreException)
        {
            throw new StoreException($"The database has a row that cannot be understood, that of {nameOf(row)}: {cause.Message}", cause);
        }
    }
}
