using System.Net;
using System.Net.Sockets;

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

        var line = await FailsWithOneLineAsync(_directory.Path);

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

        var line = await FailsWithOneLineAsync(_directory.Below("file/data"));

        Assert.Contains("set Storage:DataDirectory", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_data_directory_is_named()
    {
        var (disk, whyNot) = SmallDisk.TryMount(megabytes: 4);
        Assert.SkipWhen(disk is null, $"A small disk cannot be mounted here. {whyNot}");
        using (disk)
        {
            await using (var first = await ServiceProcess.StartAsync(disk.Path))
                Assert.Equal(0, await first.StopGentlyAsync());
            disk.MakeReadOnly();

            var line = await FailsWithOneLineAsync(disk.Path);

            Assert.Contains(disk.Path, line, StringComparison.Ordinal);
            Assert.Contains("set Storage:DataDirectory", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_database_that_is_none_is_named_and_left_alone()
    {
        var path = _directory.Below("ledger.db");
        await File.WriteAllTextAsync(path, new string('x', 10_000));

        var line = await FailsWithOneLineAsync(_directory.Path);

        Assert.Contains(path, line, StringComparison.Ordinal);
        Assert.Equal(new string('x', 10_000), await File.ReadAllTextAsync(path));
    }

    [Fact]
    public async Task Every_wrong_setting_is_named_at_once()
    {
        var line = await FailsWithOneLineAsync(
            _directory.Path, "--Nodes:QueueDepthMax=0", "--Commit:BatchMax=-1", "--Requests:MessageBytesMax=1", "--Storage:CacheMb=0");

        Assert.All(
            ["Nodes:QueueDepthMax is 0", "Commit:BatchMax is -1", "Requests:MessageBytesMax is 1", "Storage:CacheMb is 0"],
            setting => Assert.Contains(setting, line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_setting_that_does_not_exist_is_named_with_the_nearest_that_does()
    {
        var line = await FailsWithOneLineAsync(
            _directory.Path, "--Nodes:QueDepthMax=5", "--Retention:eventhour=1", "--Limts:CallsBurst=1", "--Commit:BatchMax=0", "--Logging:LogLevel:Default=Loud");

        Assert.All(
            [
                "Nodes:QueDepthMax is no setting; did you mean Nodes:QueueDepthMax?", "did you mean Retention:EventHours?",
                "Limts is no section of settings; did you mean Limits?", "Commit:BatchMax is 0", "Logging:LogLevel:Default is 'Loud'; must be one of Trace",
            ],
            part => Assert.Contains(part, line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--Nodes:QueueDepthMax=many", "Nodes:QueueDepthMax")]
    [InlineData("--Storage:DatabaseSizeMaxMb=1GB", "Storage:DatabaseSizeMaxMb")]
    [InlineData("--Storage:IntegrityCheck=sometimes", "one of Off, Quick, Full")]
    [InlineData("--urls=http://127.0.0.1:no-port", "no-port")]
    [InlineData("--urls=nonsense", "nonsense")]
    [InlineData("--Kestrel:Endpoints:Open:Url=http://0.0.0.0:0", "Kestrel:Endpoints is no setting of this service")]
    public async Task A_setting_that_cannot_be_read_is_named(string setting, string named) =>
        Assert.Contains(named, await FailsWithOneLineAsync(_directory.Path, setting), StringComparison.Ordinal);

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var line = await FailsWithOneLineAsync(_directory.Path, $"--urls=http://127.0.0.1:{port}");

        Assert.Contains($"127.0.0.1:{port}", line, StringComparison.Ordinal);
    }

    // The line that says why, apart from lines about the service's life.
    private static async Task<string> FailsWithOneLineAsync(string dataDirectory, params string[] settings)
    {
        var (exitCode, output) = await ServiceProcess.RunToEndAsync(dataDirectory, settings);

        Assert.True(exitCode == 1, $"exit code {exitCode}:\n{output}");
        return Assert.Single(output.Split('\n'), line => !line.Contains(" info: ", StringComparison.Ordinal));
    }
}
