using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ResourceService.Server.Tests.Security;

/// <summary>A certificate authority of a test, and the certificates it signs.</summary>
internal sealed class TestAuthority : IDisposable
{
    private const string ForServers = "1.3.6.1.5.5.7.3.1";
    private const string ForClients = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _root;

    public TestAuthority(string name = "Test authority")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(Now.AddDays(-30), Now.AddDays(30));
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Its own certificate, for those who trust it.</summary>
    public string Pem => _root.ExportCertificatePem();

    /// <summary>Its own certificate.</summary>
    public X509Certificate2 Root => _root;

    /// <summary>A certificate for the service at 127.0.0.1.</summary>
    public X509Certificate2 IssueServer() => Issue(san => san.AddIpAddress(IPAddress.Loopback), ForServers);

    /// <summary>A certificate for the service that has expired.</summary>
    public X509Certificate2 IssueExpiredServer() => Issue(san => san.AddIpAddress(IPAddress.Loopback), ForServers, until: Now.AddDays(-1));

    /// <summary>A certificate of a client with names; URIs have "://".</summary>
    public X509Certificate2 IssueClient(params string[] names) => Issue(san => Add(san, names), ForClients);

    /// <summary>A client's certificate that has expired.</summary>
    public X509Certificate2 IssueExpired(string name) => Issue(san => Add(san, name), ForClients, until: Now.AddDays(-1));

    /// <summary>A certificate with a client's name that is for servers.</summary>
    public X509Certificate2 IssueWrongPurpose(string name) => Issue(san => Add(san, name), ForServers);

    public void Dispose() => _root.Dispose();

    private static void Add(SubjectAlternativeNameBuilder san, params string[] names)
    {
        foreach (var name in names)
        {
            if (name.Contains("://", StringComparison.Ordinal))
                san.AddUri(new Uri(name));
            else
                san.AddDnsName(name);
        }
    }

    private X509Certificate2 Issue(Action<SubjectAlternativeNameBuilder> addNames, string purpose, DateTimeOffset? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        var san = new SubjectAlternativeNameBuilder();
        addNames(san);
        request.CertificateExtensions.Add(san.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        using var signed = request.Create(_root, Now.AddDays(-10), until ?? Now.AddDays(10), RandomNumberGenerator.GetBytes(16));
        return signed.CopyWithPrivateKey(key);
    }
}
