using Grpc.Health.V1;
using ResourceService.Server.Tests.Telemetry;

namespace ResourceService.Server.Tests.Security;

public sealed class WhenProbesSpeakNoTls : IDisposable
{
    private readonly int _port = MetricsPage.FreePort();
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_port_without_tls_serves_health_and_nothing_else_whoever_asks()
    {
        await using var service = new SecuredService($"--Health:Port={_port}");
        await service.InitializeAsync();
        var plain = new Uri($"http://127.0.0.1:{_port}");
        using var probes = new ServiceClients(plain);
        var token = new Metadata { { "authorization", $"Bearer {service.Issuer.Sign(TestIssuer.Claims("operator-1", "operator"))}" } };

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await probes.HealthOfAsync("readiness"));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await probes.HealthOfAsync("liveness"));
        await service.WithRole("operator").Nodes.ListNodesAsync(new ListNodesRequest());
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await probes.Nodes.ListNodesAsync(new ListNodesRequest(), token));
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
        Assert.Contains("health", refused.Status.Detail, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Also_where_everyone_may_do_everything_on_the_other_port()
    {
        await using var service = await ServiceProcess.StartAsync(_directory.Path, $"--Health:Port={_port}");
        using var probes = new ServiceClients(new Uri($"http://127.0.0.1:{_port}"));

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await probes.HealthOfAsync(""));
        await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest());
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await probes.Nodes.ListNodesAsync(new ListNodesRequest()));
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
    }

    [Fact]
    public async Task A_port_that_another_address_has_is_named()
    {
        var (exitCode, output) = await ServiceProcess.RunToEndAsync(
            _directory.Path, $"--urls=http://127.0.0.1:{_port}", $"--Health:Port={_port}", $"--Metrics:Port={_port}");

        Assert.Equal(1, exitCode);
        Assert.Contains($"Health:Port is {_port}, which is taken by another address", output, StringComparison.Ordinal);
        Assert.Contains($"Metrics:Port is {_port}, which is taken by another address", output, StringComparison.Ordinal);
    }
}
