using System.ComponentModel;
using System.Diagnostics;

namespace ResourceService.Testing;

/// <summary>A program that is not part of the product, such as another language's client.</summary>
public static class ExternalProgram
{
    private static readonly TimeSpan _within = TimeSpan.FromSeconds(120);

    /// <summary>Runs it to its end; exit code -1 when it is not installed.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string workingDirectory, string program, params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = workingDirectory,
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception cause)
        {
            return (-1, cause.Message);
        }

        try
        {
            var output = await Eventually.ArrivesAsync(
                $"{program} ends",
                Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync()),
                _within);
            await process.WaitForExitAsync();
            return (process.ExitCode, string.Join('\n', output).Trim());
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
