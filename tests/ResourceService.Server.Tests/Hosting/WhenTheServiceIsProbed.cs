using Grpc.Health.V1;

namespace ResourceService.Server.Tests.Hosting;

public sealed class WhenTheServiceIsProbed(SharedService service) : ServiceTest(service)
{
    [Theory]
    [InlineData("")]
    [InlineData("readiness")]
    [InlineData("liveness")]
    public async Task It_serves(string name) =>
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await Clients.HealthOfAsync(name));

    [Fact]
    public async Task An_unknown_name_is_not_found()
    {
        var cause = await Assert.ThrowsAsync<RpcException>(async () => await Clients.Health.CheckAsync(new HealthCheckRequest { Service = "unknown" }));
        Assert.Equal(StatusCode.NotFound, cause.StatusCode);
        Assert.Contains("readiness", cause.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_of_its_health_begins_with_the_present()
    {
        using var watch = Clients.Health.Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, watch.ResponseStream.Current.Status);
    }
}
