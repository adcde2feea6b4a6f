namespace ResourceService.Server.Tests.Operations;

/// <summary>A folder that a schedule fills with backups.</summary>
public sealed class WhenBackupsAreKept : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Data => _directory.Below("data");

    private string Folder => _directory.Below("backups");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_newest_stay_and_nothing_else_is_touched()
    {
        const string Older = "ledger-20200101T000000Z.db";
        const string Old = "ledger-20200102T000000Z.db";
        // By a clock that was put back since.
        const string Ahead = "ledger-29990101T000000Z.db";
        string[] others = ["ledger.db", "ledger-20200101T000000Z.db.gz", "ledger-2020.db", Partial('b')];
        await using (var service = await ServiceProcess.StartAsync(Data))
        {
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
            Directory.CreateDirectory(Folder);
            foreach (var name in (string[])[Older, Old, Ahead, Partial('a'), .. others])
                await File.WriteAllTextAsync(Path.Combine(Folder, name), "x", TestContext.Current.CancellationToken);
            File.SetLastWriteTimeUtc(Path.Combine(Folder, Partial('a')), DateTime.UnixEpoch);

            var output = await StoreCommand.SucceedsAsync(Data, "backup", "--to-folder", Folder, "--keep=2");

            Assert.Contains($"Deleted {Old}", output, StringComparison.Ordinal);
            var made = Assert.Single(Directory.EnumerateFiles(Folder).Select(file => Path.GetFileName(file)).Except([.. others, Ahead]));
            Assert.Contains($"Backed up to {Path.Combine(Folder, made!)}: revision 1, 1 nodes", output, StringComparison.Ordinal);
            Assert.Equal(others.Length + 2, Directory.EnumerateFiles(Folder).Count());
            Assert.StartsWith("Sound:", await StoreCommand.SucceedsAsync(Data, "verify", "--from", Path.Combine(Folder, made!)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_not_made()
    {
        await using (var service = await ServiceProcess.StartAsync(Data))
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));

        Assert.Contains("cannot be written", await StoreCommand.FailsAsync(Data, "backup", "--to-folder", Folder), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder));
    }

    // What a killed run left.
    private static string Partial(char digit) => $"ledger-20200101T000000Z.db.{new string(digit, 32)}.partial";
}
