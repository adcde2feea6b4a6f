using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace ResourceService.Server.Security;

/// <summary>The TLS of each new connection: the certificate and the authorities that are in force when it comes.</summary>
internal sealed class ServerTls(
    WatchedFiles<SslStreamCertificateContext> serverCertificate, WatchedFiles<X509ChainPolicy>? authorities, IReadOnlySet<int> plainPorts,
    CertificateIdentity identity, AccessLog log)
{
    /// <summary>What clients' certificates are verified against now; null when none are asked for.</summary>
    public X509ChainPolicy? Authorities => authorities?.Current;

    /// <summary>Why clients refuse the service's certificate at a time; null when it is within its dates.</summary>
    public string? WhyRefused(DateTimeOffset now)
    {
        var certificate = serverCertificate.Current.TargetCertificate;
        var (from, until) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        if (until <= now.UtcDateTime)
            return $"expired at {until:u}";
        return from > now.UtcDateTime ? $"is not valid before {from:u}" : null;
    }

    /// <summary>Puts TLS on an endpoint, unless its address is plain.</summary>
    public void UseOn(ListenOptions endpoint)
    {
        if (endpoint.IPEndPoint is { } address && !plainPorts.Contains(address.Port))
            endpoint.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = context => ValueTask.FromResult(Accept(context)) });
    }

    private SslServerAuthenticationOptions Accept(TlsHandshakeCallbackContext context)
    {
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = serverCertificate.Current,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        };
        if (Authorities is not { } policy)
            return options;

        var connection = new ConnectionIdentity(policy, identity, log);
        context.Connection.Features.Set(connection);
        options.ClientCertificateRequired = true;
        options.CertificateChainPolicy = policy.Clone();
        options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => connection.Verify(certificate, chain, errors);
        // A resumed session would skip what has changed since.
        options.AllowTlsResume = false;
        return options;
    }
}
