namespace ResourceService.Server.Tests.Operations;

public sealed class WhenACommandIsCalled : IDisposable
{
    private static readonly string[] _commands = ["backup --to FILE", "backup --to-folder FOLDER", "restore --from FILE", "verify [--from FILE]", "health [--address URL"];

    private readonly TemporaryDirectory _directory = new();

    private string Data => _directory.Below("data");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("'destroy' is no command", "destroy")]
    [InlineData("backup needs --to FILE", "backup")]
    [InlineData("backup has either --to FILE or --to-folder FOLDER", "backup", "--to=a", "--to-folder=b")]
    [InlineData("'--force' means nothing to backup --to-folder", "backup", "--to-folder=b", "--force")]
    [InlineData("backup's --keep needs --to-folder FOLDER", "backup", "--to=a", "--keep=1")]
    [InlineData("backup's --keep is '0'; must be 1 to 1000", "backup", "--to-folder=b", "--keep=0")]
    [InlineData("backup's --keep is '1001'; must be 1 to 1000", "backup", "--to-folder=b", "--keep=1001")]
    [InlineData("restore has no --keep", "restore", "--from=a", "--keep=1")]
    [InlineData("health's --address is 'localhost:5080'; must be of the form", "health", "--address=localhost:5080")]
    [InlineData("health's --ca needs --address https://...", "health", "--ca=ca.crt")]
    [InlineData("health needs --address URL: urls has 'http://127.0.0.1:0'", "health", "--urls=http://127.0.0.1:0")]
    [InlineData("health has no --to", "health", "--to=a")]
    [InlineData("restore needs --from FILE", "restore")]
    [InlineData("'--to' means nothing to backup", "backup", "--to")]
    [InlineData("'--to' means nothing to backup", "backup", "--to", "--force")]
    [InlineData("'--from=' means nothing to verify", "verify", "--from=")]
    [InlineData("verify has no --to", "verify", "--to=backup.db")]
    [InlineData("restore has no --to", "restore", "--from=a", "--to=b")]
    [InlineData("'--force' means nothing to verify", "verify", "--force")]
    [InlineData("'backup.db' means nothing to verify", "verify", "backup.db")]
    public async Task Arguments_that_it_does_not_take_are_refused_and_it_explains_itself(string why, params string[] arguments)
    {
        var (exitCode, output) = await StoreCommand.RunAsync(Data, arguments);

        Assert.Equal(2, exitCode);
        Assert.Contains(why, output, StringComparison.Ordinal);
        Assert.All(_commands, command => Assert.Contains(command, output, StringComparison.Ordinal));
        Assert.False(Directory.Exists(Data));
    }

    [Theory]
    [InlineData("--form=backup.db", "form is no setting")]
    [InlineData("--Storge:CacheMb=1", "Storge is no section of settings; did you mean Storage?")]
    [InlineData("--Storage:CachMb=1", "Storage:CachMb is no setting; did you mean Storage:CacheMb?")]
    [InlineData("--Storage:CacheMb=0", "Storage:CacheMb is 0; must be 1 to 65536")]
    [InlineData("--Storage:IntegrityCheck=sometimes", "must be one of Off, Quick, Full")]
    public async Task Settings_that_the_service_would_refuse_are_refused(string setting, string why)
    {
        await using (var service = await ServiceProcess.StartAsync(Data))
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));

        Assert.Contains(why, await StoreCommand.FailsAsync(Data, "verify", setting), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_services_other_settings_may_stand_beside_it_and_are_not_looked_at()
    {
        await using (var service = await ServiceProcess.StartAsync(Data))
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));

        Assert.StartsWith(
            "Sound:",
            await StoreCommand.SucceedsAsync(Data, "verify", "--urls", "https://*:5443", "--Security:CertificateFile=/only/there/server.pem"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_store_is_found_by_the_settings_file_of_the_environment_as_the_service_finds_it()
    {
        // The file of an environment of this test's own, beside the program's other settings.
        var environment = Unique.Id($"test-{Environment.ProcessId}");
        var file = Path.Combine(Path.GetDirectoryName(ServiceProcess.ServerPath)!, $"appsettings.{environment}.json");
        await File.WriteAllTextAsync(file, $$"""{ "Storage": { "DataDirectory": "{{Data}}" } }""");
        try
        {
            await using (var service = await ServiceProcess.StartAsync(Data))
                await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));

            var (exitCode, output) = await StoreCommand.RunProgramAsync("verify", "--environment", environment);

            Assert.Equal((0, true), (exitCode, output.Contains("revision 1, 1 nodes", StringComparison.Ordinal)));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("help")]
    [InlineData("backup", "--help")]
    public async Task Help_names_the_commands_and_every_setting_with_its_default_and_starts_nothing(params string[] arguments)
    {
        var (exitCode, output) = await StoreCommand.RunProgramAsync(arguments);

        Assert.Equal(0, exitCode);
        Assert.All(_commands, command => Assert.Contains(command, output, StringComparison.Ordinal));
        Assert.Contains("--urls=http://127.0.0.1:5080", output, StringComparison.Ordinal);
        Assert.All(
            Chart.ServerSettings.Defaults,
            setting => Assert.Contains($"--{setting.Key.Replace("__", ":", StringComparison.Ordinal)}={setting.Value}\n", output + '\n', StringComparison.OrdinalIgnoreCase));
    }
}
