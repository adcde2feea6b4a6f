using ResourceService.Server.Tests.Telemetry;

namespace ResourceService.Server.Tests.Security;

public sealed class WhenSecurityIsConfigured : IDisposable
{
    private static readonly string[] _violations =
    [
        "Security:AllowPlainTextTokens=true", "https needs Security:CertificateFile", "it needs Security:ClientCaFile",
        "Security:AgentNames has 'spiffe://x/agent'", "Security:ViewerNames has 'spiffe://x/{node}'", "Security:TokenAudience",
        "Security:TokenKeysUrl is 'http://issuer.test/keys'", "Security:TokenSkewSeconds is 3000",
    ];

    private static readonly string[] _unusableFiles =
        ["Security:CertificateFile and Security:CertificateKeyFile cannot be used", "Security:ClientCaFile cannot", "Security:TokenKeysFile cannot"];

    private static readonly string[] _viewer = ["offline_access", "viewer"];

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://127.0.0.1:0;http://[::]:0")]
    [InlineData("http://some-host:0")]
    public async Task Without_identities_the_service_listens_on_this_machine_only(string urls)
    {
        var (exitCode, output) = await ServiceProcess.RunToEndAsync(_directory.Path, $"--urls={urls}");

        Assert.Equal(1, exitCode);
        Assert.Contains($"'{urls.Split(';')[^1]}'", output, StringComparison.Ordinal);
        Assert.Contains("Security:AllowUnauthenticatedNetwork=true", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_listens_elsewhere_when_that_is_allowed_and_says_what_it_means()
    {
        await using var service = await ServiceProcess.StartAsync(
            _directory.Path, Reachable, "--urls=http://0.0.0.0:0", "--Security:AllowUnauthenticatedNetwork=true");

        Assert.Contains(service.Log.Troubles, line => line.Contains("whoever reaches this service may do everything", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_wrong_setting_is_named_at_once()
    {
        var (exitCode, output) = await ServiceProcess.RunToEndAsync(
            _directory.Path,
            "--urls=http://0.0.0.0:0",
            "--Security:Mode=MutualTlsOrToken",
            "--Security:AgentNames=spiffe://x/agent",
            "--Security:ViewerNames=spiffe://x/{node}",
            "--Security:TokenIssuer=https://issuer.test",
            "--Security:TokenKeysUrl=http://issuer.test/keys",
            "--Security:TokenSkewSeconds=3000",
            "--Security:AllowPlainTextTokens=perhaps",
            "--Limits:ConnectionsMax=0");
        var (_, afterwards) = await ServiceProcess.RunToEndAsync(
            _directory.Path,
            "--urls=http://0.0.0.0:0;https://127.0.0.1:1",
            "--Security:Mode=MutualTlsOrToken",
            "--Security:AgentNames=spiffe://x/agent",
            "--Security:ViewerNames=spiffe://x/{node}",
            "--Security:TokenIssuer=https://issuer.test",
            "--Security:TokenKeysUrl=http://issuer.test/keys",
            "--Security:TokenSkewSeconds=3000");

        Assert.Equal(1, exitCode);
        Assert.Contains("Security:AllowPlainTextTokens is 'perhaps'; must be true or false", output, StringComparison.Ordinal);
        Assert.Contains("Limits:ConnectionsMax is 0", output, StringComparison.Ordinal);
        Assert.All(
            _violations,
            expected => Assert.Contains(expected, afterwards, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--Security:ClientCaFile=ca.pem", "takes no client certificates")]
    [InlineData("--Security:SchedulerNames=a.test", "Security:SchedulerNames is set, but Security:Mode is None, which takes no client certificates")]
    [InlineData("--Security:AgentNames={node}.test", "takes no client certificates")]
    [InlineData("--Security:OperatorNames=a.test", "takes no client certificates")]
    [InlineData("--Security:ViewerNames=a.test", "takes no client certificates")]
    [InlineData("--Security:TokenIssuer=https://issuer.test", "Security:TokenIssuer is set, but Security:Mode is None, which takes no tokens")]
    [InlineData("--Security:TokenAudience=ledger", "takes no tokens")]
    [InlineData("--Security:TokenKeysFile=keys.json", "takes no tokens")]
    [InlineData("--Security:TokenKeysUrl=https://issuer.test/keys", "takes no tokens")]
    [InlineData("--Security:CertificateFile=a.pem", "must be set together")]
    [InlineData("--Security:Mode=Tls", "must be one of None, MutualTls, Token, MutualTlsOrToken")]
    public async Task A_setting_that_would_have_no_effect_is_an_error(string setting, string expected)
    {
        var (exitCode, output) = await ServiceProcess.RunToEndAsync(_directory.Path, setting);

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_cannot_be_used_are_named_at_start()
    {
        var (exitCode, output) = await ServiceProcess.RunToEndAsync(_directory.Path, SecuredService.SettingsIn(_directory.Path));

        Assert.Equal(1, exitCode);
        Assert.All(
            _unusableFiles,
            expected => Assert.Contains(expected, output, StringComparison.Ordinal));
    }

    // Started all the same: a certificate that comes late is taken up without a restart, and leases end and histories are kept meanwhile.
    [Fact]
    public async Task A_certificate_that_is_out_of_date_is_told_loudly_at_start()
    {
        using var authority = new TestAuthority();
        using (var expired = authority.IssueExpiredServer())
        {
            await File.WriteAllTextAsync(_directory.Below("server.pem"), expired.ExportCertificatePem());
            await File.WriteAllTextAsync(_directory.Below("server.key"), SecuredService.KeyOf(expired));
        }

        var healthPort = MetricsPage.FreePort();
        await using var service = await ServiceProcess.StartAsync(
            _directory.Below("data"),
            _ => new ServiceClients(new Uri($"http://127.0.0.1:{healthPort}")),
            "--urls=https://127.0.0.1:0",
            $"--Health:Port={healthPort}",
            $"--Security:CertificateFile={_directory.Below("server.pem")}",
            $"--Security:CertificateKeyFile={_directory.Below("server.key")}");

        Assert.Contains(service.Log.Troubles, line => line.Contains("The server's certificate expired at", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tokens_alone_need_no_client_certificates_and_plain_text_on_this_machine_is_enough()
    {
        using var issuer = new TestIssuer();
        await using var service = await StartWithTokensAsync(issuer);

        await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest(), Bearer(issuer, TestIssuer.Claims("viewer-1", "viewer")));

        await Expect.ErrorAsync(service.Clients.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unauthenticated, "CALLER_UNKNOWN");
    }

    [Fact]
    public async Task Roles_are_found_where_the_path_leads_and_nowhere_else()
    {
        using var issuer = new TestIssuer();
        await using var service = await StartWithTokensAsync(issuer, "--Security:TokenRoleClaim=realm_access.roles");

        await AskAsync("realm_access", new { roles = _viewer });
        await AskAsync("realm_access", new { roles = "viewer" });
        await AskAsync("realm_access.roles", _viewer);
        foreach (var elsewhere in new object[] { "viewer", _viewer, new { roles = new { viewer = true } }, new { groups = "viewer" }, new { roles = 1 } })
            await Assert.ThrowsAsync<RpcException>(() => AskAsync("realm_access", elsewhere));

        async Task AskAsync(string claim, object value)
        {
            var claims = TestIssuer.Claims("viewer-1", role: null);
            claims[claim] = value;
            await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest(), Bearer(issuer, claims));
        }
    }

    private static Metadata Bearer(TestIssuer issuer, Dictionary<string, object> claims) => new() { { "authorization", $"Bearer {issuer.Sign(claims)}" } };

    private async Task<ServiceProcess> StartWithTokensAsync(TestIssuer issuer, params string[] settings)
    {
        await File.WriteAllTextAsync(_directory.Below("keys.json"), issuer.KeySet);
        return await ServiceProcess.StartAsync(
            _directory.Below("data"),
            [
                "--Security:Mode=Token", $"--Security:TokenIssuer={TestIssuer.Name}", $"--Security:TokenAudience={TestIssuer.Audience}",
                $"--Security:TokenKeysFile={_directory.Below("keys.json")}", .. settings,
            ]);
    }

    private static ServiceClients Reachable(Uri address) => new(new UriBuilder(address) { Host = "127.0.0.1" }.Uri);
}
