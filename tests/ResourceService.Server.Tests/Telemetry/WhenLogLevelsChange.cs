namespace ResourceService.Server.Tests.Telemetry;

public sealed class WhenLogLevelsChange
{
    [Fact]
    public async Task A_level_written_to_the_settings_file_holds_without_a_restart()
    {
        // The file of an environment of this test's own, beside the program's other settings.
        var environment = Unique.Id($"test-{Environment.ProcessId}");
        var file = Path.Combine(Path.GetDirectoryName(ServiceProcess.ServerPath)!, $"appsettings.{environment}.json");
        try
        {
            await WriteLevelAsync("Information");
            using var directory = new TemporaryDirectory();
            await using var service = await ServiceProcess.StartAsync(directory.Path, $"--environment={environment}");
            await AskInVainAsync(service);
            Assert.Empty(Lines(service));

            await WriteLevelAsync("Debug");
            await Eventually.HoldsAsync("refused calls are logged", async () =>
            {
                await AskInVainAsync(service);
                return Lines(service).Any();
            });

            await WriteLevelAsync("Information");
            await Eventually.HoldsAsync("refused calls are not logged any more", async () =>
            {
                // A line may be on its way for a moment, but not those of many calls.
                var before = Lines(service).Count();
                for (var i = 0; i < 20; i++)
                    await AskInVainAsync(service);
                return Lines(service).Count() == before;
            });
        }
        finally
        {
            File.Delete(file);
        }

        Task WriteLevelAsync(string level) =>
            File.WriteAllTextAsync(file, $$"""{ "Logging": { "LogLevel": { "ResourceService": "{{level}}" } } }""");
    }

    private static IEnumerable<string> Lines(ServiceProcess service) =>
        service.Log.All.Where(line => line.Contains("was answered with NotFound", StringComparison.Ordinal));

    private static Task AskInVainAsync(ServiceProcess service) =>
        Assert.ThrowsAsync<RpcException>(async () => await service.Clients.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = "nowhere" }));
}
