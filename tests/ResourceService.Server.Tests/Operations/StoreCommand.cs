using System.Diagnostics;

namespace ResourceService.Server.Tests.Operations;

/// <summary>The program's commands, run as an operator runs them.</summary>
internal static class StoreCommand
{
    private static string DotNet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>Runs one on a data directory; gives its exit code and what it wrote.</summary>
    public static Task<(int ExitCode, string Output)> RunAsync(string dataDirectory, params string[] arguments) =>
        RunProgramAsync([.. arguments, $"--Storage:DataDirectory={dataDirectory}"]);

    /// <summary>Runs the program with these arguments alone.</summary>
    public static Task<(int ExitCode, string Output)> RunProgramAsync(params string[] arguments) => ExternalProgram.RunAsync(
        Path.GetTempPath(), DotNet, [ServiceProcess.ServerPath, .. arguments]);

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

    /// <summary>
    /// Starts one and kills it a while after it began to write its copy, unless it is faster. Says whether it was killed.
    /// </summary>
    public static async Task<bool> KillAsync(string dataDirectory, string copyFolder, TimeSpan afterItBegan, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(
            DotNet, [ServiceProcess.ServerPath, .. arguments, $"--Storage:DataDirectory={dataDirectory}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var known = Partials(copyFolder).ToHashSet(StringComparer.Ordinal);
        await Eventually.HoldsAsync(
            $"{arguments[0]} writes its copy", () => Task.FromResult(process.HasExited || Partials(copyFolder).Any(file => !known.Contains(file))),
            betweenAsks: TimeSpan.Zero);
        await Task.Delay(afterItBegan);
        process.Kill();
        await process.WaitForExitAsync();
        return process.ExitCode != 0;
    }

    /// <summary>The copies in a folder that were begun and have no name yet.</summary>
    public static IEnumerable<string> Partials(string folder) => Directory.EnumerateFiles(folder, "*.partial");
}
