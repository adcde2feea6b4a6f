using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ResourceService.Server.Security;

/// <summary>Reads the PEM files of TLS.</summary>
internal static class TlsFiles
{
    /// <summary>The service's certificate with its intermediates and its key.</summary>
    public static SslStreamCertificateContext ServerCertificate(string[] certificateAndKey)
    {
        var chain = Certificates(certificateAndKey[0]);
        var certificate = X509Certificate2.CreateFromPem(certificateAndKey[0], certificateAndKey[1]);
        // Offline: a certificate file that misses an intermediate must not make the service ask the network for it.
        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }

    /// <summary>How chains of clients' certificates are built: from these authorities only, for clients only.</summary>
    public static X509ChainPolicy ClientAuthorities(string[] pem)
    {
        var authorities = Certificates(pem[0]);
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            ApplicationPolicy = { new Oid("1.3.6.1.5.5.7.3.2") },
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private static X509Certificate2Collection Certificates(string pem)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(pem);
        return certificates.Count > 0 ? certificates : throw new CryptographicException("It has no certificate in PEM form.");
    }
}
