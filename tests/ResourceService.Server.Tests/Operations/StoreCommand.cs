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

    /// <summary>Runs one that must succeed, and gives how long it wrote its copy until that had its name.</summary>
    public static async Task<TimeSpan> CopyTimeAsync(string dataDirectory, string copyFolder, params string[] arguments)
    {
        var (process, partial) = await CopyingAsync(dataDirectory, copyFolder, arguments);
        using (process)
        {
            var began = TimeProvider.System.GetTimestamp();
            await Eventually.HoldsAsync($"{arguments[0]} has written its copy", () => Task.FromResult(!File.Exists(partial)), betweenAsks: TimeSpan.Zero);
            var elapsed = TimeProvider.System.GetElapsedTime(began);
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
            return elapsed;
        }
    }

    /// <summary>Starts one and kills it a while after it began to write its copy, unless it is faster. Says whether it was killed.</summary>
    public static async Task<bool> KillAsync(string dataDirectory, string copyFolder, TimeSpan afterItBegan, params string[] arguments)
    {
        var (process, _) = await CopyingAsync(dataDirectory, copyFolder, arguments);
        using (process)
        {
            await Task.Delay(afterItBegan);
            process.Kill();
            await process.WaitForExitAsync();
            return process.ExitCode != 0;
        }
    }

    // Started, and its copy has been begun.
    private static async Task<(Process Process, string Partial)> CopyingAsync(string dataDirectory, string copyFolder, string[] arguments)
    {
        var known = Partials(copyFolder).ToHashSet(StringComparer.Ordinal);
        string? partial = null;
        var process = Process.Start(new ProcessStartInfo(
            DotNet, [ServiceProcess.ServerPath, .. arguments, $"--Storage:DataDirectory={dataDirectory}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await Eventually.HoldsAsync(
            $"{arguments[0]} writes its copy",
            () => Task.FromResult((partial = Partials(copyFolder).FirstOrDefault(file => !known.Contains(file))) is not null || process.HasExited),
            betweenAsks: TimeSpan.Zero);
        return (process, partial ?? throw new InvalidOperationException($"{arguments[0]} wrote no copy: {await process.StandardError.ReadToEndAsync()}"));
    }

    /// <summary>The copies in a folder that were begun and have no name yet.</summary>
    public static IEnumerable<string> Partials(string folder) => Directory.EnumerateFiles(folder, "*.partial");
}
