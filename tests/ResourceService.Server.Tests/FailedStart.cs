namespace ResourceService.Server.Tests;

/// <summary>A service that ends while it starts, for a reason that an operator can mend.</summary>
internal static class FailedStart
{
    /// <summary>The line that says why, apart from lines about the service's life. It is the only one, and the exit code is 1.</summary>
    public static Task<string> LineAsync(string dataDirectory, params string[] settings) =>
        LineAsync(dataDirectory, new Dictionary<string, string>(), settings);

    /// <summary>The same in an environment that is not the test's own.</summary>
    public static async Task<string> LineAsync(string dataDirectory, IReadOnlyDictionary<string, string> environment, params string[] settings)
    {
        var (exitCode, output) = await ServiceProcess.RunToEndAsync(dataDirectory, environment, settings);
        return LineOf(exitCode, output);
    }

    /// <summary>The line in what a service wrote that was started in another way.</summary>
    public static string LineOf(int exitCode, string output)
    {
        Assert.True(exitCode == 1, $"exit code {exitCode}:\n{output}");
        return Assert.Single(
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => !line.Contains(" info: ", StringComparison.Ordinal) && !line.Contains("whoever reaches this service may do everything", StringComparison.Ordinal));
    }
}
