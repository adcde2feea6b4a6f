using ResourceService.Storage.Sqlite;
using ResourceService.Storage.Tests.Contracts;

namespace ResourceService.Storage.Tests.Sqlite;

/// <summary>A SQLite store in a folder of its own.</summary>
internal sealed class SqliteStoreUnderTest : IStoreUnderTest
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("resourceservice-");
    private SqliteClaimStore _store;

    public SqliteStoreUnderTest(int databaseSizeMaxMb = 0)
    {
        Options = new StorageOptions { DataDirectory = Path.Combine(_folder.FullName, "data"), DatabaseSizeMaxMb = databaseSizeMaxMb };
        _store = SqliteClaimStore.Open(Options);
    }

    public StorageOptions Options { get; }

    public string DatabasePath => Path.Combine(Options.DataDirectory, "ledger.db");

    public SqliteClaimStore Store => _store;

    public IClaimReader Reader => _store.Reader;

    IClaimStore IStoreUnderTest.Store => _store;

    public void Restart()
    {
        _store.Dispose();
        _store = SqliteClaimStore.Open(Options);
    }

    public void Dispose()
    {
        _store.Dispose();
        _folder.Delete(recursive: true);
    }
}
