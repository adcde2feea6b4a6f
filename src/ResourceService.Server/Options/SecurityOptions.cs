using ResourceService.Server.Security;

namespace ResourceService.Server.Options;

/// <summary>Who may call, and how callers prove who they are. Configuration section <c>Security</c>.</summary>
public sealed class SecurityOptions
{
    /// <summary>How callers are known: None, MutualTls, Token or MutualTlsOrToken.</summary>
    public SecurityMode Mode { get; set; }

    /// <summary>Whether the service may listen beyond this machine although it knows no callers: whoever reaches it may do everything then.</summary>
    public bool AllowUnauthenticatedNetwork { get; set; }

    /// <summary>Whether tokens may cross the network in plain text, as behind a proxy that ends TLS. Whoever reads one can use it.</summary>
    public bool AllowPlainTextTokens { get; set; }

    /// <summary>The service's certificate for <c>https</c> addresses, PEM, intermediates behind it.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>Its private key, PEM, not encrypted.</summary>
    public string CertificateKeyFile { get; set; } = "";

    /// <summary>The authorities that clients' certificates come from, PEM. The system's own authorities do not count.</summary>
    public string ClientCaFile { get; set; } = "";

    /// <summary>Names in certificates of schedulers, with ';' between them.</summary>
    public string SchedulerNames { get; set; } = "";

    /// <summary>Names in certificates of agents, each with <c>{node}</c> where the node's id stands.</summary>
    public string AgentNames { get; set; } = "";

    /// <summary>Names in certificates of operators.</summary>
    public string OperatorNames { get; set; } = "";

    /// <summary>Names in certificates of viewers.</summary>
    public string ViewerNames { get; set; } = "";

    /// <summary>Who issues tokens: the claim <c>iss</c>.</summary>
    public string TokenIssuer { get; set; } = "";

    /// <summary>Whom tokens are meant for: the claim <c>aud</c>.</summary>
    public string TokenAudience { get; set; } = "";

    /// <summary>The file of the issuer's public keys, a JSON Web Key Set.</summary>
    public string TokenKeysFile { get; set; } = "";

    /// <summary>The address of the issuer's public keys; instead of the file.</summary>
    public string TokenKeysUrl { get; set; } = "";

    /// <summary>The claim that names the caller in events.</summary>
    public string TokenNameClaim { get; set; } = "sub";

    /// <summary>The claim with the caller's roles, one or a list, or a path to it with dots; values that are no role are passed over.</summary>
    public string TokenRoleClaim { get; set; } = "roles";

    /// <summary>The claim with an agent's node.</summary>
    public string TokenNodeClaim { get; set; } = "node_id";

    /// <summary>How far the issuer's clock may be off, in seconds. 0 to 300.</summary>
    public int TokenSkewSeconds { get; set; } = 30;

    /// <summary>How often certificate and key files are looked at, in seconds. 1 to 3,600.</summary>
    public int ReloadSeconds { get; set; } = 10;

    /// <summary>How often keys are fetched from their address, in seconds; a token with an unknown key makes it sooner. 10 to 86,400.</summary>
    public int TokenKeysRefreshSeconds { get; set; } = 300;
}
