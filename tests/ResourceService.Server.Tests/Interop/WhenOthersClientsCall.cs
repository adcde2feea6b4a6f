namespace ResourceService.Server.Tests.Interop;

/// <summary>Clients that nobody here wrote. Where they cannot be had, the tests say so and are skipped.</summary>
public sealed class WhenOthersClientsCall(SharedService service) : ServiceTest(service), IDisposable
{
    // Debian's python3-grpcio belongs to this interpreter, whatever else is first in the path.
    private const string Python = "/usr/bin/python3";

    private static readonly string _scripts = Path.Combine(AppContext.BaseDirectory, "Interop");

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Node_with_grpc_js_is_served()
    {
        foreach (var file in new[] { "package.json", "package-lock.json", "client.js" })
            File.Copy(Path.Combine(_scripts, file), _directory.Below(file));
        var (installed, why) = await ExternalProgram.RunAsync(_directory.Path, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts");
        Assert.SkipWhen(installed != 0, $"grpc-js cannot be installed here. npm says: {why}");

        var (exitCode, output) = await ExternalProgram.RunAsync(
            _directory.Path, "node", "client.js", Clients.Address.Authority, ServiceProcess.ProtosPath);

        Assert.True(exitCode == 0, output);
        Assert.EndsWith("all well", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Python_with_grpcio_is_served()
    {
        var (present, why) = await ExternalProgram.RunAsync(_directory.Path, Python, "-c", "import grpc");
        Assert.SkipWhen(present != 0, $"python3-grpcio is not installed here. {Python} says: {why}");

        var (exitCode, output) = await ExternalProgram.RunAsync(
            _directory.Path, Python, Path.Combine(_scripts, "client.py"), Clients.Address.Authority);

        Assert.True(exitCode == 0, output);
        Assert.EndsWith("all well", output, StringComparison.Ordinal);
    }
}
