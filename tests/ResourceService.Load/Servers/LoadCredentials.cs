using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ResourceService.Load.Servers;

/// <summary>Who the tool says it is, and whom it trusts: the same for all connections of one run.</summary>
internal sealed class LoadCredentials
{
    private readonly X509Certificate2Collection _trusted = [];
    private readonly X509Certificate2? _certificate;
    private readonly string? _token;

    private LoadCredentials(string? trustFile, string? certificateFile, string? tokenFile)
    {
        if (trustFile is not null)
            _trusted.ImportFromPemFile(trustFile);
        if (certificateFile is not null)
            _certificate = X509Certificate2.CreateFromPemFile(certificateFile);
        if (tokenFile is not null)
            _token = File.ReadAllText(tokenFile).Trim();
    }

    /// <summary>Those of this run; none unless the command line gave some.</summary>
    public static LoadCredentials OfRun { get; private set; } = new(null, null, null);

    /// <summary>Reads the files that the command line gave; null where it gave none.</summary>
    public static void Read(string? trustFile, string? certificateFile, string? tokenFile) =>
        OfRun = new LoadCredentials(trustFile, certificateFile, tokenFile);

    /// <summary>The handler with them.</summary>
    public HttpMessageHandler Wrap(SocketsHttpHandler handler)
    {
        if (_trusted.Count > 0)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(_trusted);
            handler.SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = policy,
                ClientCertificates = _certificate is null ? [] : [_certificate],
            };
        }

        return _token is null ? handler : new Bearer(_token, handler);
    }

    private sealed class Bearer(string token, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
