using System.Security.Cryptography.X509Certificates;
using ResourceService.Ledger;
using ResourceService.Server.Options;

namespace ResourceService.Server.Security;

/// <summary>
/// Names the caller behind a certificate whose chain was verified. Exactly one role and node may follow from all of its names: a certificate
/// that fits several callers is nobody's, so that no order of names or settings ever decides.
/// </summary>
internal sealed class CertificateIdentity(SecurityOptions options)
{
    private readonly NamePattern[] _patterns =
    [
        .. NamePattern.Parse(Roles.Scheduler, options.SchedulerNames),
        .. NamePattern.Parse(Roles.Agent, options.AgentNames),
        .. NamePattern.Parse(Roles.Operator, options.OperatorNames),
        .. NamePattern.Parse(Roles.Viewer, options.ViewerNames),
    ];

    /// <summary>The caller.</summary>
    public Identification Identify(X509Certificate2 certificate)
    {
        (string Name, Roles Role, NodeId? Node)? found = null;
        foreach (var name in SanNames.Of(certificate).Where(Caller.IsName))
        {
            foreach (var pattern in _patterns)
            {
                if (!pattern.Takes(name, out var node))
                    continue;
                if (found is { } other && (other.Role != pattern.Role || other.Node != node))
                    return AccessRefusal.CertificateAmbiguous;
                found ??= (name, pattern.Role, node);
            }
        }

        return found is { } caller
            ? new Caller(caller.Name, caller.Role, caller.Node, new DateTimeOffset(certificate.NotAfter))
            : AccessRefusal.CertificateUnmapped;
    }
}
