using ResourceService.Storage.Sqlite;
using Xunit;

namespace ResourceService.Storage.Tests.Sqlite;

/// <summary>The folder of a store: made when missing, one owner at a time, and a message that helps when it cannot be used.</summary>
public sealed class DataDirectoryTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("resourceservice-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_missing_folder_is_created_with_those_above_it()
    {
        using var store = Open("a/b/data");

        Assert.True(File.Exists(Path.Combine(_folder.FullName, "a", "b", "data", "ledger.db")));
    }

    [Fact]
    public void What_is_created_is_for_the_services_own_user_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Only Unix has these permissions.");
            return;
        }

        using var store = Open("data");
        var folder = Path.Combine(_folder.FullName, "data");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        Assert.Equal(
            ["ledger.db", "ledger.db-shm", "ledger.db-wal", "ledger.db.reserve", "ledger.lock", "ledger.state"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, file.UnixFileMode);
    }

    [Fact]
    public void A_folder_in_use_is_refused_until_its_owner_is_gone()
    {
        using (Open("data"))
        {
            var refusal = Assert.Throws<StoreException>(() => Open("data"));
            Assert.Contains("in use by another process", refusal.Message, StringComparison.Ordinal);
            Assert.Contains(_folder.FullName, refusal.Message, StringComparison.Ordinal);
        }

        Open("data").Dispose();
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_an_error_that_names_the_setting()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "file"), "");

        var refusal = Assert.Throws<StoreException>(() => Open("file/data"));
        Assert.Contains("Storage:DataDirectory", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be written", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_permission_to_write_is_an_error_that_names_the_setting()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("The administrator may write everywhere: run as another user of a Unix system.");
            return;
        }

        var folder = Directory.CreateDirectory(Path.Combine(_folder.FullName, "data"));
        File.SetUnixFileMode(folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var refusal = Assert.Throws<StoreException>(() => Open("data"));
        Assert.Contains("Storage:DataDirectory", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("not writable", refusal.Message, StringComparison.Ordinal);
    }

    private SqliteClaimStore Open(string folder) =>
        SqliteClaimStore.Open(new StorageOptions { DataDirectory = Path.Combine(_folder.FullName, folder) });
}
