using ResourceService.Server.Tests.Chart;

namespace ResourceService.Server.Tests.Telemetry;

public sealed class WhenLogLevelsChange : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly MountedConfigMap _mounted;

    public WhenLogLevelsChange() => _mounted = new MountedConfigMap(Directory.CreateDirectory(_directory.Below("settings")).FullName, "settings.json");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_level_written_to_the_settings_file_holds_without_a_restart()
    {
        // The file of an environment of this test's own, beside the program's other settings.
        var environment = Unique.Id($"test-{Environment.ProcessId}");
        var file = Path.Combine(Path.GetDirectoryName(ServiceProcess.ServerPath)!, $"appsettings.{environment}.json");
        try
        {
            await WriteLevelAsync("Information");
            await using var service = await ServiceProcess.StartAsync(_directory.Below("data"), $"--environment={environment}");
            await FollowsAsync(service, WriteLevelAsync);
        }
        finally
        {
            File.Delete(file);
        }

        Task WriteLevelAsync(string level) => File.WriteAllTextAsync(file, Level(level));
    }

    [Fact]
    public async Task A_level_that_the_chart_brings_to_the_pod_holds_without_a_restart()
    {
        await WriteLevelAsync("Information");
        await using var service = await StartAsync();

        await FollowsAsync(service, WriteLevelAsync);

        Task WriteLevelAsync(string level) =>
            _mounted.WriteAsync(RenderedChart.Of(YamlText.Mapping($"settings: {{logLevel: {level}}}")).SettingsFile);
    }

    [Theory]
    [InlineData("{ \"Logging\": ")]
    [InlineData("{ \"Logging\": { \"LogLevel\": { \"ResourceService\": \"Loud\" } } }")]
    [InlineData("{ \"Nodes\": { \"QueueDepthMax\": 1 } }")]
    public async Task What_cannot_be_used_leaves_the_last_good_level_in_force_and_is_told(string content)
    {
        await _mounted.WriteAsync(Level("Debug"));
        await using var service = await StartAsync();

        await _mounted.WriteAsync(content);

        await Eventually.HoldsAsync("the log says that the file cannot be used", () => Task.FromResult(
            service.Log.Troubles.Any(line => line.Contains($"{_mounted.Path} cannot be used, what was read before stays in force", StringComparison.Ordinal))));
        await AskInVainAsync(service);
        await Eventually.HoldsAsync("the refused call is logged", () => Task.FromResult(Lines(service).Any()));
    }

    [Theory]
    [InlineData("{ \"Logging\": ", "it is no JSON")]
    [InlineData("{ \"Logging\": { \"LogLevel\": { \"Default\": \"Loud\" } } }", "Logging:LogLevel:Default is 'Loud'; must be one of Trace")]
    [InlineData("{ \"Nodes\": { \"QueueDepthMax\": 1 } }", "Nodes:QueueDepthMax cannot change while the service runs")]
    [InlineData(null, "Could not find")]
    public async Task What_cannot_be_used_at_start_is_named(string? content, string why)
    {
        if (content is not null)
            await _mounted.WriteAsync(content);

        var line = await FailedStart.LineAsync(_directory.Below("data"), $"--SettingsFile={_mounted.Path}");

        Assert.Contains($"SettingsFile is '{_mounted.Path}', which cannot be used", line, StringComparison.Ordinal);
        Assert.Contains(why, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_environment_and_the_command_line_say_comes_first()
    {
        await _mounted.WriteAsync(Level("Debug"));
        await using var service = await StartAsync("--Logging:LogLevel:ResourceService=Information");

        await AskInVainAsync(service);
        await _mounted.WriteAsync(Level("Trace"));
        await Eventually.HoldsAsync("the file is read again", () => Task.FromResult(
            service.Log.All.Any(line => line.Contains($"Reloaded {_mounted.Path}", StringComparison.Ordinal))));
        await AskInVainAsync(service);

        Assert.Equal(0, await service.StopGentlyAsync());
        Assert.Empty(Lines(service));
    }

    private static string Level(string level) => $$"""{ "Logging": { "LogLevel": { "ResourceService": "{{level}}" } } }""";

    // From Information to Debug and back.
    private static async Task FollowsAsync(ServiceProcess service, Func<string, Task> writeLevel)
    {
        await AskInVainAsync(service);
        Assert.Empty(Lines(service));

        await writeLevel("Debug");
        await Eventually.HoldsAsync("refused calls are logged", async () =>
        {
            await AskInVainAsync(service);
            return Lines(service).Any();
        });

        await writeLevel("Information");
        await Eventually.HoldsAsync("refused calls are not logged any more", async () =>
        {
            // A line may be on its way for a moment, but not those of many calls.
            var before = Lines(service).Count();
            for (var i = 0; i < 20; i++)
                await AskInVainAsync(service);
            return Lines(service).Count() == before;
        });
    }

    private static IEnumerable<string> Lines(ServiceProcess service) =>
        service.Log.All.Where(line => line.Contains("was answered with NotFound", StringComparison.Ordinal));

    private static Task AskInVainAsync(ServiceProcess service) =>
        Assert.ThrowsAsync<RpcException>(async () => await service.Clients.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = "nowhere" }));

    private Task<ServiceProcess> StartAsync(params string[] settings) => ServiceProcess.StartAsync(
        _directory.Below("data"), [$"--SettingsFile={_mounted.Path}", "--Security:ReloadSeconds=1", .. settings]);
}
