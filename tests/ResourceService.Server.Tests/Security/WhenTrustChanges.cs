using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace ResourceService.Server.Tests.Security;

/// <summary>A service that takes tokens to the second.</summary>
public sealed class ExactService() : SecuredService("--Security:TokenSkewSeconds=0");

/// <summary>Certificates, authorities and keys change while the service runs.</summary>
public sealed class WhenTrustChanges(ExactService service) : IClassFixture<ExactService>
{
    [Fact]
    public async Task New_connections_get_the_new_certificate_and_a_damaged_one_changes_nothing()
    {
        using var next = service.Authority.IssueServer();
        Assert.NotEqual(next.SerialNumber, await ServedSerialAsync());

        await service.WriteServerCertificateAsync(next);
        await Eventually.HoldsAsync("the new certificate is served", async () => await ServedSerialAsync() == next.SerialNumber);
        await service.WriteAsync("server.pem", "no certificate");
        await service.LoggedAsync("stays in force");

        Assert.Equal(next.SerialNumber, await ServedSerialAsync());
        await service.WriteServerCertificateAsync(next);
    }

    [Fact]
    public async Task Another_authority_counts_at_once_also_for_connections_that_are_open()
    {
        using var successor = new TestAuthority("Successor");
        using var before = service.WithNames($"{SecuredService.Prefix}operator");
        using var after = service.WithCertificate(successor.IssueClient($"{SecuredService.Prefix}operator"));
        await before.Nodes.ListNodesAsync(new ListNodesRequest());
        await Assert.ThrowsAsync<RpcException>(async () => await after.Nodes.ListNodesAsync(new ListNodesRequest()));

        await service.WriteAsync("client-ca.pem", successor.Pem);
        await Eventually.HoldsAsync("the successor's client is served", () => IsServedAsync(after));
        await Eventually.HoldsAsync("the predecessor's client is not", async () => !await IsServedAsync(before));
        Assert.False(await IsServedAsync(before));

        // While both are trusted nobody notices: a call at most is sent again.
        await service.WriteAsync("client-ca.pem", successor.Pem + "\n" + service.Authority.Pem);
        await Eventually.HoldsAsync("both are served", async () => await IsServedAsync(before) && await IsServedAsync(after));
    }

    [Fact]
    public async Task Another_key_set_ends_the_tokens_of_the_old_one()
    {
        using var successor = new TestIssuer("key-2");
        using var before = service.WithRole("viewer");
        using var after = service.WithToken(successor.Sign(TestIssuer.Claims("viewer-2", "viewer")));
        await before.Nodes.ListNodesAsync(new ListNodesRequest());

        await service.WriteAsync("keys.json", successor.KeySet);
        await Eventually.HoldsAsync("the successor's token is right", () => IsServedAsync(after));

        await Expect.ErrorAsync(before.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unauthenticated, "CALLER_UNKNOWN");
        await service.WriteAsync("keys.json", """{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}""");
        await service.LoggedAsync("It has no RSA or EC key");
        await after.Nodes.ListNodesAsync(new ListNodesRequest());
        await service.WriteAsync("keys.json", service.Issuer.KeySet);
        await Eventually.HoldsAsync("the first key set is back", () => IsServedAsync(before));
    }

    [Fact]
    public async Task A_stream_ends_with_the_credentials_that_opened_it()
    {
        using var clients = service.WithToken(service.Issuer.Sign(TestIssuer.Claims("scheduler-1", "scheduler", seconds: 4)));
        using var watch = clients.Nodes.WatchNodes(new WatchNodesRequest());
        using var claims = clients.Claims.StreamClaims();
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));

        await Expect.ErrorAsync(watch.ResponseStream, StatusCode.Unauthenticated, "CALLER_UNKNOWN");
        await Expect.ErrorAsync(claims.ResponseStream, StatusCode.Unauthenticated, "CALLER_UNKNOWN");
        await Expect.ErrorAsync(clients.Nodes.ListNodesAsync(new ListNodesRequest()), StatusCode.Unauthenticated, "CALLER_UNKNOWN");
    }

    [Fact]
    public async Task A_stream_ends_when_the_key_of_its_token_is_gone_and_others_go_on()
    {
        using var successor = new TestIssuer("key-2");
        using var before = service.WithRole("operator");
        using var after = service.WithToken(successor.Sign(TestIssuer.Claims("operator-2", "operator")));
        await service.WriteAsync("keys.json", TestIssuer.KeySetOf(service.Issuer, successor));
        await Eventually.HoldsAsync("both are served", async () => await IsServedAsync(before) && await IsServedAsync(after));
        await before.Nodes.RegisterNodeAsync(Requests.Node("streamed"));
        using var watch = before.Audits.WatchEvents(new WatchEventsRequest { Revision = 1 });
        using var ending = before.Claims.StreamClaims();
        using var lasting = after.Claims.StreamClaims();
        await ClaimAsync(ending);
        await ClaimAsync(lasting);

        await service.WriteAsync("keys.json", successor.KeySet);

        await Expect.ErrorAsync(ending.ResponseStream, StatusCode.Unauthenticated, "CALLER_UNKNOWN");
        await Expect.ErrorAsync(watch.ResponseStream, StatusCode.Unauthenticated, "CALLER_UNKNOWN");
        await ClaimAsync(lasting);
        await service.WriteAsync("keys.json", service.Issuer.KeySet);
        await Eventually.HoldsAsync("the first key set is back", () => IsServedAsync(before));
    }

    [Fact]
    public async Task A_stream_on_a_connection_that_was_verified_by_earlier_authorities_ends_and_may_come_back()
    {
        using var other = new TestAuthority("Other");
        using var clients = service.WithNames($"{SecuredService.Prefix}operator");
        await clients.Nodes.RegisterNodeAsync(Requests.Node("streamed"));
        using var ending = clients.Claims.StreamClaims();
        await ClaimAsync(ending);

        await service.WriteAsync("client-ca.pem", other.Pem + "\n" + service.Authority.Pem);

        await Expect.ErrorAsync(ending.ResponseStream, StatusCode.Unavailable, "NOT_SERVING");
        using var again = clients.Claims.StreamClaims();
        await ClaimAsync(again);
    }

    private static async Task ClaimAsync(AsyncDuplexStreamingCall<StreamClaimsRequest, StreamClaimsResponse> stream)
    {
        await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = Requests.Claim("streamed") });
        Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));
        Assert.NotNull(stream.ResponseStream.Current.Claim);
    }

    private static async Task<bool> IsServedAsync(ServiceClients clients)
    {
        try
        {
            await clients.Nodes.ListNodesAsync(new ListNodesRequest());
            return true;
        }
        catch (RpcException)
        {
            return false;
        }
    }

    private async Task<string> ServedSerialAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(service.Strangers.Address.Host, service.Strangers.Address.Port);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "127.0.0.1",
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                CustomTrustStore = { service.Authority.Root },
            },
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        });
        return tls.RemoteCertificate!.GetSerialNumberString();
    }
}
