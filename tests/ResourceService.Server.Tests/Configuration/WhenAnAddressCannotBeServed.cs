using System.Net;
using System.Net.Sockets;

namespace ResourceService.Server.Tests.Configuration;

/// <summary>An address that the service cannot listen on ends it with exit code 1 and one line: the setting, its value, the rule.</summary>
public sealed class WhenAnAddressCannotBeServed : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("", "urls is ''; must have an address such as http://127.0.0.1:5080")]
    [InlineData(";", "urls is ';'; must have an address")]
    [InlineData("nonsense", "urls has 'nonsense'; must be of the form")]
    [InlineData("http://127.0.0.1:no-port", "urls has 'http://127.0.0.1:no-port'; must be of the form")]
    [InlineData("http://:99999", "urls has 'http://:99999'; must be of the form")]
    [InlineData("http://[::zz]:0", "urls has 'http://[::zz]:0'; must be of the form")]
    [InlineData("http://127.0.0.1:99999", "urls has 'http://127.0.0.1:99999'; must have a port of 0 to 65535")]
    [InlineData("http://127.0.0.1:-5", "urls has 'http://127.0.0.1:-5'; must have a port of 0 to 65535")]
    [InlineData("http://localhost:0", "urls has 'http://localhost:0'; must have a port other than 0")]
    [InlineData("http://127.0.0.1:0/path", "urls has 'http://127.0.0.1:0/path'; must have no path")]
    [InlineData("ftp://127.0.0.1:0", "urls has 'ftp://127.0.0.1:0'; must begin with http:// or https://")]
    public async Task It_is_named_before_anything_is_opened(string urls, string expected)
    {
        var line = await FailedStart.LineAsync(_directory.Below("data"), $"--urls={urls}");

        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.Below("data")));
    }

    [Fact]
    public async Task A_port_in_use_is_named_and_no_other()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var line = await FailedStart.LineAsync(_directory.Path, $"--urls=http://127.0.0.1:0;http://127.0.0.1:{port}");
        var page = await FailedStart.LineAsync(_directory.Path, $"--Metrics:Port={port}");

        Assert.Equal(
            $"Cannot start: The service cannot listen: urls has 'http://127.0.0.1:{port}'; it is taken by another program: choose another port, or end that program.",
            line);
        Assert.Contains($"Metrics:Port is {port}; it is taken by another program", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_of_another_machine_is_named()
    {
        // Of the block that is for examples alone.
        var line = await FailedStart.LineAsync(_directory.Path, "--urls=http://192.0.2.1:5080", "--Security:AllowUnauthenticatedNetwork=true");

        Assert.Contains("urls has 'http://192.0.2.1:5080'; it is no address of this machine", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_this_user_may_not_have_is_named()
    {
        const string LeastFile = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
        Assert.SkipUnless(File.Exists(LeastFile) && int.Parse(await File.ReadAllTextAsync(LeastFile, TestContext.Current.CancellationToken)) > 81, "Every port is everyone's here.");

        // Whoever runs this, root included, goes without the privilege.
        var (exitCode, output) = await ExternalProgram.RunAsync(
            _directory.Path,
            "setpriv",
            "--bounding-set=-net_bind_service",
            "--inh-caps=-net_bind_service",
            "--no-new-privs",
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ServiceProcess.ServerPath,
            "--urls=http://127.0.0.1:81",
            $"--Storage:DataDirectory={_directory.Below("data")}");
        Assert.SkipWhen(exitCode == -1, $"There is no setpriv here: {output}");

        Assert.Contains("urls has 'http://127.0.0.1:81'; this user may not listen there: ports below 1024", FailedStart.LineOf(exitCode, output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_of_the_file_system_is_served_beside_a_port_and_one_in_no_folder_is_named()
    {
        var line = await FailedStart.LineAsync(_directory.Path, $"--urls=http://unix:{_directory.Below("nowhere/socket")}");
        Assert.Contains($"urls has 'http://unix:{_directory.Below("nowhere/socket")}'", line, StringComparison.Ordinal);

        await using var service = await ServiceProcess.StartAsync(_directory.Path, $"--urls=http://127.0.0.1:0;http://unix:{_directory.Below("socket")}");
        Assert.True(File.Exists(_directory.Below("socket")));
    }
}
