using ResourceService.Server.Tests.Chart;

namespace ResourceService.Server.Tests.Operations;

public sealed class WhenTheVersionIsAsked : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_program_says_the_one_that_the_chart_installs()
    {
        var (exitCode, output) = await ExternalProgram.RunAsync(_directory.Path, "dotnet", ServiceProcess.ServerPath, "--version");

        Assert.Equal(0, exitCode);
        Assert.Contains($"appVersion: \"{output.Trim()}\"", await File.ReadAllTextAsync(Path.Combine(ChartFiles.Folder, "Chart.yaml")), StringComparison.Ordinal);
    }
}
