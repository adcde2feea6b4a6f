using System.Text.Json;
using ResourceService.Server.Tests.Security;
using ResourceService.Server.Tests.Telemetry;

namespace ResourceService.Server.Tests.Operations;

/// <summary>The command that asks a running service how it is.</summary>
public sealed class WhenHealthIsAsked(SharedService shared) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_service_that_serves_is_found_by_its_address_and_by_its_settings()
    {
        var address = shared.Clients.Address.GetLeftPart(UriPartial.Authority);

        await IsServingAsync("--address", address);
        await IsServingAsync("--service", "liveness", $"--urls={address}");
        // Whoever listens to every address is asked at this machine's own.
        await IsServingAsync($"--urls={address.Replace("127.0.0.1", "*", StringComparison.Ordinal)}");
    }

    [Fact]
    public async Task The_images_own_check_is_this_command()
    {
        var dockerfile = await File.ReadAllLinesAsync(Path.Combine(ServiceProcess.ProtosPath, "../Dockerfile"), TestContext.Current.CancellationToken);
        var (program, check) = (Words("ENTRYPOINT "), Words("HEALTHCHECK "));

        Assert.Equal(program, check[..program.Length]);
        await IsServingAsync([.. check[program.Length..].Skip(1), $"--urls={shared.Clients.Address.GetLeftPart(UriPartial.Authority)}"]);
        Assert.Equal("health", check[program.Length]);

        string[] Words(string instruction) =>
            JsonSerializer.Deserialize<string[]>(Array.Find(dockerfile, line => line.StartsWith(instruction, StringComparison.Ordinal))!.Split('[')[1].Insert(0, "["))!;
    }

    [Fact]
    public async Task What_is_not_there_is_said_and_no_success()
    {
        var nobody = $"http://127.0.0.1:{MetricsPage.FreePort()}";

        var (noAnswer, why) = await StoreCommand.RunProgramAsync("health", "--address", nobody);
        var (noName, whyNot) = await StoreCommand.RunProgramAsync(
            "health", "--service=unknown", $"--address={shared.Clients.Address.GetLeftPart(UriPartial.Authority)}");

        Assert.Equal((1, 1), (noAnswer, noName));
        Assert.StartsWith($"{nobody} does not answer: Unavailable, Connection refused", why, StringComparison.Ordinal);
        Assert.Contains("services are readiness and liveness", whyNot, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_is_not_ready_is_alive()
    {
        await using var service = await ServiceProcess.StartListeningAsync(
            _directory.Path,
            "--Security:Mode=Token", $"--Security:TokenIssuer={TestIssuer.Name}", $"--Security:TokenAudience={TestIssuer.Audience}",
            $"--Security:TokenKeysUrl=http://127.0.0.1:{MetricsPage.FreePort()}/jwks");
        var address = $"--address={service.Clients.Address.GetLeftPart(UriPartial.Authority)}";

        var (exitCode, output) = await StoreCommand.RunProgramAsync("health", address);

        Assert.Equal((1, true), (exitCode, output.Contains("is not serving (readiness)", StringComparison.Ordinal)));
        await IsServingAsync(address, "--service=liveness");
    }

    [Fact]
    public async Task Over_tls_its_own_settings_are_enough_and_an_address_needs_the_authority()
    {
        var port = MetricsPage.FreePort();
        await using var service = new SecuredService($"--Health:Port={port}");
        await service.InitializeAsync();
        var address = service.Strangers.Address.GetLeftPart(UriPartial.Authority);
        var ca = _directory.Below("ca.pem");
        await File.WriteAllTextAsync(ca, service.Authority.Pem, TestContext.Current.CancellationToken);

        await IsServingAsync($"--urls={address}");
        // The port of probes is asked where there is one: nothing listens at the other.
        await IsServingAsync("--urls=https://127.0.0.1:1", $"--Health:Port={port}");
        await IsServingAsync($"--address={address}", $"--ca={ca}");
        Assert.Equal(1, (await StoreCommand.RunProgramAsync("health", $"--address={address}")).ExitCode);
        Assert.Equal(1, (await StoreCommand.RunProgramAsync("health", $"--address={address}", $"--ca={_directory.Below("gone.pem")}")).ExitCode);
    }

    // A busy machine may not answer within the command's own patience.
    private static Task IsServingAsync(params string[] arguments) => Eventually.HoldsAsync(
        $"{string.Join(' ', arguments)} finds it serving", async () => await StoreCommand.RunProgramAsync(["health", .. arguments]) == (0, "SERVING"));
}
