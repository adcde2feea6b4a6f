using Grpc.Health.V1;

namespace ResourceService.Server.Tests.Security;

/// <summary>The issuer of tokens cannot be reached when the service starts.</summary>
public sealed class WhenKeysAreNotThereYet : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly TestIssuer _issuer = new();
    private TestKeyServer? _keys;
    private ServiceProcess? _service;

    private TestKeyServer Keys => _keys ?? throw new InvalidOperationException("Nobody serves keys.");

    private ServiceProcess Service => _service ?? throw new InvalidOperationException("The service was not started.");

    public async ValueTask InitializeAsync()
    {
        _keys = await TestKeyServer.StartAsync();
        // Between two looks at known keys more time passes than the test takes: without keys it must not.
        _service = await ServiceProcess.StartListeningAsync(
            _directory.Path,
            "--Security:Mode=Token",
            $"--Security:TokenIssuer={TestIssuer.Name}",
            $"--Security:TokenAudience={TestIssuer.Audience}",
            $"--Security:TokenKeysUrl={_keys.Address}/jwks",
            "--Security:ReloadSeconds=1",
            "--Security:TokenKeysRefreshSeconds=3600");
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
            await _service.DisposeAsync();
        await Keys.DisposeAsync();
        _issuer.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Callers_are_told_to_come_back_and_are_served_when_the_keys_arrive()
    {
        using var caller = WithToken(_issuer.Sign(TestIssuer.Claims("operator-1", "operator")));
        using var other = new TestIssuer();
        using var forger = WithToken(other.Sign(TestIssuer.Claims("operator-1", "operator")));

        await Eventually.HoldsAsync(
            "the log says that there are no keys", () => Task.FromResult(Service.Log.Troubles.Any(line => line.Contains(Keys.Address, StringComparison.Ordinal))));
        Assert.DoesNotContain(Service.Log.All, line => line.Contains("stays in force", StringComparison.Ordinal));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, await Service.Clients.HealthOfAsync("readiness"));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await Service.Clients.HealthOfAsync("liveness"));
        await Expect.ErrorAsync(caller.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unavailable, "NOT_SERVING");
        await Expect.ErrorAsync(forger.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unavailable, "NOT_SERVING");
        await Expect.ErrorAsync(Service.Clients.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unauthenticated, "CALLER_UNKNOWN");

        Keys.Publish(_issuer.KeySet);
        await Service.ServesAsync();

        // Why it was not ready is told once, by what was not; that somebody asked is no error, and at a stop somebody always does.
        Assert.DoesNotContain(Service.Log.Troubles, line => line.Contains("HealthCheck", StringComparison.Ordinal));
        await caller.Nodes.ListNodesAsync(new ListNodesRequest());
        await Expect.ErrorAsync(forger.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unauthenticated, "CALLER_UNKNOWN");
    }

    [Fact]
    public async Task Each_change_of_health_has_one_line_with_its_reason_and_no_probe_has_any()
    {
        await Eventually.HoldsAsync("it is said that it is not ready", () => Task.FromResult(HealthLines().Any(line => line.Contains("not serving", StringComparison.Ordinal))));
        for (var i = 0; i < 200; i++)
            await Service.Clients.HealthOfAsync("readiness");

        Keys.Publish(_issuer.KeySet);

        await Eventually.HoldsAsync("it is said that it is ready", () => Task.FromResult(HealthLines().Any(line => line.EndsWith("readiness is serving", StringComparison.Ordinal))));
        Assert.Equal(
            ["liveness is serving", "readiness is not serving: the keys of the tokens' issuer are not known yet", "readiness is serving"],
            HealthLines().Select(line => line[(line.IndexOf("] ", StringComparison.Ordinal) + 2)..]).Order(StringComparer.Ordinal));

        IEnumerable<string> HealthLines() => Service.Log.All.Where(line => line.Contains(".Health", StringComparison.Ordinal));
    }

    private ServiceClients WithToken(string token) => new(Service.Clients.Address, new BearerHandler(token, new SocketsHttpHandler()));
}
