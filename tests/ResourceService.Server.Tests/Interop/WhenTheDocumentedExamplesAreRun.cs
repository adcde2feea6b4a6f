using ResourceService.Server.Tests.Hosting;

namespace ResourceService.Server.Tests.Interop;

/// <summary>
/// The READMEs' examples of grpcurl, run one after the other against a new service: with grpcurl where it is installed, elsewhere with a stand-in that knows
/// nothing but what reflection says. What a description prints is compared with the comments that reflection sends.
/// <para>
/// <c>RESOURCESERVICE_WRITE_EXAMPLES=1 dotnet test --project tests/ResourceService.Server.Tests -- --filter-class "*WhenTheDocumentedExamplesAreRun"</c>
/// writes what grpcurl prints into the documents.
/// </para>
/// </summary>
public sealed class WhenTheDocumentedExamplesAreRun : IDisposable
{
    // What the documents say, and what is put in its place.
    private const string DocumentedAddress = "127.0.0.1:5080";

    private static readonly string _root = Path.GetFullPath(Path.Combine(ServiceProcess.ProtosPath, ".."));
    private static readonly bool _write = Environment.GetEnvironmentVariable("RESOURCESERVICE_WRITE_EXAMPLES") == "1";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("README.md")]
    [InlineData("protos/README.md")]
    public async Task They_print_what_the_document_says(string document)
    {
        var standIn = await FindStandInAsync();
        await using var service = await ServiceProcess.StartAsync(_directory.Below("data"));
        var contract = await ReflectedContract.ReadAsync(service.Clients);
        var path = Path.Combine(_root, document);
        var read = await File.ReadAllTextAsync(path);
        var count = 0;

        var written = await DocumentedExample.RewriteAsync(read, async example =>
        {
            if (!example.Command.StartsWith("grpcurl ", StringComparison.Ordinal))
                return example.Output;
            count++;
            if (example.Describes && standIn is not null)
            {
                Assert.Subset(contract.Comments, example.Comments.ToHashSet(StringComparer.Ordinal));
                return example.Output;
            }

            var printed = await RunAsync(example.Command, service.Clients.Address.Authority, standIn);
            if (!_write)
                Assert.Equal(DocumentedExample.Comparable(example.Output), DocumentedExample.Comparable(printed), ignoreLineEndingDifferences: true);
            return DocumentedExample.Comparable(example.Output) == DocumentedExample.Comparable(printed) ? example.Output : printed;
        });

        Assert.NotEqual(0, count);
        if (_write)
            await File.WriteAllTextAsync(path, written);
    }

    /// <summary>Runs a command of a document in a shell, with the service's own address.</summary>
    /// <param name="command">The command.</param>
    /// <param name="address">Where the service listens.</param>
    /// <param name="standIn">A function of the shell by the name of grpcurl; null for the installed program.</param>
    private async Task<IReadOnlyList<string>> RunAsync(string command, string address, string? standIn)
    {
        var (_, output) = await ExternalProgram.RunAsync(
            _directory.Path, "bash", "-c", standIn + command.Replace(DocumentedAddress, address, StringComparison.Ordinal));
        return output.Split('\n');
    }

    /// <summary>The stand-in for grpcurl, or null where grpcurl 1.9 is installed.</summary>
    private async Task<string?> FindStandInAsync()
    {
        // Other versions order the parts of an error otherwise.
        var (installed, version) = await ExternalProgram.RunAsync(_directory.Path, "grpcurl", "-version");
        if (installed == 0 && version.Contains(" v1.9.", StringComparison.Ordinal))
            return null;
        Assert.False(_write, "The documents are written by grpcurl 1.9, which is not installed here.");

        var scripts = Path.Combine(AppContext.BaseDirectory, "Interop");
        foreach (var file in new[] { "package.json", "package-lock.json", "grpcurl.js" })
            File.Copy(Path.Combine(scripts, file), _directory.Below(file));
        var (ready, why) = await ExternalProgram.RunAsync(_directory.Path, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts");
        Assert.SkipWhen(ready != 0, $"Neither grpcurl nor npm packages can be had here. npm says: {why}");
        return $"grpcurl() {{ node '{_directory.Below("grpcurl.js")}' \"$@\"; }}; ";
    }
}
