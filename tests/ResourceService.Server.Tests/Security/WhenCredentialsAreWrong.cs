namespace ResourceService.Server.Tests.Security;

public sealed class WhenCredentialsAreWrong(SecuredService service) : IClassFixture<SecuredService>
{
    private static readonly string[] _unknownHeaders = ["exp-policy"];

    private static readonly string _operator = $"{SecuredService.Prefix}operator";

    public static TheoryData<string> WrongTokens =>
    [
        "expired", "not yet valid", "without an end", "for another audience", "without an audience", "of another issuer", "signed by another key",
        "with an unknown key id", "without a signature", "signed with the public key", "changed after it was signed", "without a name",
        "named like the service", "with a name of control characters", "with a critical header that nobody knows", "empty", "not a token",
    ];

    [Theory]
    [MemberData(nameof(WrongTokens))]
    public async Task A_token_is_refused_that_is(string what)
    {
        using var stranger = new TestIssuer();
        using var unknown = new TestIssuer("key-2");
        var issuer = service.Issuer;
        var token = what switch
        {
            "expired" => issuer.Sign(TestIssuer.Claims("operator-1", "operator", seconds: -60)),
            "not yet valid" => issuer.Sign(With("nbf", TestIssuer.InSeconds(120))),
            "without an end" => issuer.Sign(With("exp", null)),
            "for another audience" => issuer.Sign(With("aud", "another")),
            "without an audience" => issuer.Sign(With("aud", null)),
            "of another issuer" => issuer.Sign(With("iss", "https://another.test")),
            "signed by another key" => stranger.Sign(Right()),
            "with an unknown key id" => unknown.Sign(Right()),
            "without a signature" => issuer.Unsigned(Right()),
            "signed with the public key" => issuer.SignWithPublicKey(Right()),
            "changed after it was signed" => Exchange(issuer.Sign(TestIssuer.Claims("viewer-1", "viewer")), issuer.Sign(Right())),
            "without a name" => issuer.Sign(With("sub", null)),
            "named like the service" => issuer.Sign(With("sub", "service")),
            "with a name of control characters" => issuer.Sign(With("sub", "a\nb")),
            "with a critical header that nobody knows" => issuer.Sign(Right(), ("crit", _unknownHeaders), (_unknownHeaders[0], "strict")),
            "empty" => "",
            _ => "a.b.c",
        };
        using var clients = service.WithToken(token);

        var error = await Expect.ErrorAsync(clients.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unauthenticated, "CALLER_UNKNOWN");

        // Neither the caller nor the log reads any of it.
        Assert.True(token.Length == 0 || !error.Message.Contains(token, StringComparison.Ordinal));
        Assert.True(token.Length < 10 || !service.Process.Log.ToString().Contains(token[..20], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_token_is_not_mended_by_a_right_certificate()
    {
        using var clients = service.WithNames(_operator);
        await clients.Nodes.ListNodesAsync(new ListNodesRequest());

        await Expect.ErrorAsync(
            clients.Nodes.ListNodesAsync(new ListNodesRequest(), new Metadata { { "authorization", "Bearer a.b.c" } }),
            StatusCode.Unauthenticated,
            "CALLER_UNKNOWN");
    }

    [Fact]
    public async Task Within_the_skew_of_clocks_a_token_is_right()
    {
        using var late = service.WithToken(service.Issuer.Sign(TestIssuer.Claims("operator-1", "operator", seconds: -5)));
        using var early = service.WithToken(service.Issuer.Sign(With("nbf", TestIssuer.InSeconds(5))));

        await late.Nodes.ListNodesAsync(new ListNodesRequest());
        await early.Nodes.ListNodesAsync(new ListNodesRequest());
    }

    [Theory]
    [InlineData(253_402_300_799d)]
    [InlineData(253_402_300_790d)]
    [InlineData(253_402_300_800d)]
    [InlineData(9e18)]
    [InlineData(1e300)]
    [InlineData(-1d)]
    [InlineData(-9e18)]
    public async Task A_token_that_lasts_until_the_end_of_time_or_ended_before_it_began_is_taken_or_refused(double until)
    {
        foreach (var claim in new[] { "exp", "nbf" })
        {
            using var clients = service.WithToken(service.Issuer.Sign(With(claim, until)));

            var ended = await Record.ExceptionAsync(async () =>
            {
                await clients.Nodes.ListNodesAsync(new ListNodesRequest());
                // A stream has a timer for the end of its credentials.
                using var stream = clients.Claims.StreamClaims();
                await stream.RequestStream.CompleteAsync();
                await stream.ResponseStream.MoveNext(CancellationToken.None);
            });

            Assert.Contains((ended as RpcException)?.StatusCode ?? StatusCode.OK, new[] { StatusCode.OK, StatusCode.Unauthenticated });
        }

        Assert.DoesNotContain("failed unexpectedly", service.Process.Log.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expired", "certificate_expired")]
    [InlineData("of another authority", "certificate_untrusted")]
    [InlineData("of another authority with the same name", "certificate_untrusted")]
    [InlineData("for another purpose", "certificate_purpose")]
    public async Task A_certificate_ends_the_handshake_that_is(string what, string reason)
    {
        using var stranger = new TestAuthority(what.EndsWith("name", StringComparison.Ordinal) ? "Test authority" : "Stranger");
        using var certificate = what switch
        {
            "expired" => service.Authority.IssueExpired(_operator),
            "for another purpose" => service.Authority.IssueWrongPurpose(_operator),
            _ => stranger.IssueClient(_operator),
        };
        using var clients = service.WithCertificate(certificate);

        var failure = await Assert.ThrowsAsync<RpcException>(async () => await clients.Nodes.ListNodesAsync(new ListNodesRequest()));

        Assert.Contains(failure.StatusCode, new[] { StatusCode.Unavailable, StatusCode.Internal });
        await service.LoggedAsync(reason);
    }

    [Theory]
    [InlineData("certificate_unmapped", "spiffe://test.example/nobody")]
    [InlineData("certificate_unmapped", "spiffe://test.example/agent/n1/deeper")]
    [InlineData("certificate_unmapped", "spiffe://test.example/agent/")]
    [InlineData("certificate_unmapped", "spiffe://other.example/operator")]
    [InlineData("certificate_unmapped", "*.compute.test.example")]
    [InlineData("certificate_unmapped")]
    [InlineData("certificate_ambiguous", "spiffe://test.example/agent/n1", "spiffe://test.example/agent/n2")]
    [InlineData("certificate_ambiguous", "spiffe://test.example/viewer", "spiffe://test.example/operator")]
    public async Task A_certificate_with_these_names_is_nobodys(string reason, params string[] names)
    {
        using var clients = service.WithNames(names);

        await Expect.ErrorAsync(clients.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unauthenticated, "CALLER_UNKNOWN");
        await service.LoggedAsync(reason);
    }

    [Fact]
    public async Task Several_names_of_one_caller_are_that_caller()
    {
        using var clients = service.WithNames("laptop.test.example", "SCHEDULER.test.example", $"{SecuredService.Prefix}scheduler");

        await clients.Nodes.ListNodesAsync(new ListNodesRequest());
    }

    [Fact]
    public async Task A_client_that_does_not_know_the_service_is_not_served_in_plain_text()
    {
        using var plain = new ServiceClients(new UriBuilder(service.Strangers.Address) { Scheme = "http" }.Uri);

        await Assert.ThrowsAsync<RpcException>(async () => await plain.Nodes.ListNodesAsync(new ListNodesRequest()));
    }

    private static Dictionary<string, object> Right() => TestIssuer.Claims("operator-1", "operator");

    private static Dictionary<string, object> With(string claim, object? value)
    {
        var claims = Right();
        claims.Remove(claim);
        if (value is not null)
            claims[claim] = value;
        return claims;
    }

    // The signature of one token under the content of another.
    private static string Exchange(string signed, string wanted) => $"{wanted[..wanted.LastIndexOf('.')]}{signed[signed.LastIndexOf('.')..]}";
}
