namespace ResourceService.Server.Tests.Storage;

/// <summary>What an operator can mend ends the service with exit code 1 and one line that says what to do.</summary>
public sealed class WhenTheServiceCannotStart : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_data_directory_in_use_names_the_lock()
    {
        await using var first = await ServiceProcess.StartAsync(_directory.Path);

        var line = await FailedStart.LineAsync(_directory.Path);

        Assert.Contains("in use by another process", line, StringComparison.Ordinal);
        Assert.Contains(_directory.Below("ledger.lock"), line, StringComparison.Ordinal);
        Assert.Contains("set Storage:DataDirectory", line, StringComparison.Ordinal);
        Assert.NotNull(await first.Clients.HealthOfAsync(""));
    }

    [Fact]
    public async Task The_lock_of_a_killed_service_is_no_obstacle()
    {
        await using (var first = await ServiceProcess.StartAsync(_directory.Path))
            await first.KillHardAsync();

        await using var second = await ServiceProcess.StartAsync(_directory.Path);
    }

    [Fact]
    public async Task A_data_directory_below_a_file_cannot_be_made()
    {
        await File.WriteAllTextAsync(_directory.Below("file"), "");

        var line = await FailedStart.LineAsync(_directory.Below("file/data"));

        Assert.Contains("set Storage:DataDirectory", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_data_directory_is_named()
    {
        var (disk, whyNot) = SmallDisk.TryMount(megabytes: 32);
        Assert.SkipWhen(disk is null, $"A small disk cannot be mounted here. {whyNot}");
        using (disk)
        {
            await using (var first = await ServiceProcess.StartAsync(disk.Path))
                Assert.Equal(0, await first.StopGentlyAsync());
            disk.MakeReadOnly();

            var line = await FailedStart.LineAsync(disk.Path);

            Assert.Contains(disk.Path, line, StringComparison.Ordinal);
            Assert.Contains("set Storage:DataDirectory", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_database_that_is_none_is_named_and_left_alone()
    {
        var path = _directory.Below("ledger.db");
        await File.WriteAllTextAsync(path, new string('x', 10_000));

        var line = await FailedStart.LineAsync(_directory.Path);

        Assert.Contains(path, line, StringComparison.Ordinal);
        Assert.Equal(new string('x', 10_000), await File.ReadAllTextAsync(path));
    }
}
