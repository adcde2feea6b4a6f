namespace ResourceService.Server.Tests.Operations;

/// <summary>The program's commands, run as an operator runs them.</summary>
internal static class StoreCommand
{
    /// <summary>Runs one on a data directory; gives its exit code and what it wrote.</summary>
    public static Task<(int ExitCode, string Output)> RunAsync(string dataDirectory, params string[] arguments) =>
        RunProgramAsync([.. arguments, $"--Storage:DataDirectory={dataDirectory}"]);

    /// <summary>Runs the program with these arguments alone.</summary>
    public static Task<(int ExitCode, string Output)> RunProgramAsync(params string[] arguments) => ExternalProgram.RunAsync(
        Path.GetTempPath(), Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [ServiceProcess.ServerPath, .. arguments]);

    /// <summary>Runs one that must succeed, and gives what it wrote.</summary>
    public static async Task<string> SucceedsAsync(string dataDirectory, params string[] arguments)
    {
        var (exitCode, output) = await RunAsync(dataDirectory, arguments);
        Assert.True(exitCode == 0, $"{arguments[0]} exits with {exitCode}: {output}");
        return output;
    }

    /// <summary>Runs one that must fail, and gives what it wrote.</summary>
    public static async Task<string> FailsAsync(string dataDirectory, params string[] arguments)
    {
        var (exitCode, output) = await RunAsync(dataDirectory, arguments);
        Assert.True(exitCode == 1, $"{arguments[0]} exits with {exitCode}: {output}");
        return output;
    }
}
