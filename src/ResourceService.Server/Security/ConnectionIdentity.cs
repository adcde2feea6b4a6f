using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ResourceService.Server.Security;

/// <summary>
/// Who is at the other end of one TLS connection: verified once, in its handshake, and the same for all of its calls. A client without a
/// certificate may connect: it may bring tokens, and health is open to all.
/// </summary>
internal sealed class ConnectionIdentity(X509ChainPolicy authorities, CertificateIdentity certificates, AccessLog log)
{
    /// <summary>What the certificate was verified against.</summary>
    public X509ChainPolicy Authorities => authorities;

    /// <summary>The caller; set before the connection carries anything.</summary>
    public Identification Identity { get; private set; } = AccessRefusal.NoCredentials;

    /// <summary>Verifies the client's certificate; false ends the handshake.</summary>
    public bool Verify(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
            return true;
        if (errors != SslPolicyErrors.None)
        {
            log.Refused(WhyNot(chain), "TLS handshake", "");
            return false;
        }

        Identity = certificates.Identify((X509Certificate2)certificate);
        return true;
    }

    private static AccessRefusal WhyNot(X509Chain? chain)
    {
        const X509ChainStatusFlags Foreign =
            X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.NotSignatureValid;
        var all = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (sum, status) => sum | status.Status);
        return (all & Foreign) != X509ChainStatusFlags.NoError ? AccessRefusal.CertificateUntrusted
            : all.HasFlag(X509ChainStatusFlags.NotTimeValid) ? AccessRefusal.CertificateExpired
            : all.HasFlag(X509ChainStatusFlags.NotValidForUsage) ? AccessRefusal.CertificatePurpose
            : AccessRefusal.CertificateUntrusted;
    }
}
