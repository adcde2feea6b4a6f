namespace ResourceService.Server.Security;

/// <summary>How callers are known.</summary>
public enum SecurityMode
{
    /// <summary>Not at all: everyone may do everything.</summary>
    None,

    /// <summary>By the certificate of their connection.</summary>
    MutualTls,

    /// <summary>By the bearer token of the call.</summary>
    Token,

    /// <summary>By the token where the call carries one, by the certificate where not.</summary>
    MutualTlsOrToken,
}

/// <summary>What the modes include.</summary>
internal static class SecurityModes
{
    /// <summary>Whether certificates name callers.</summary>
    public static bool TakesCertificates(this SecurityMode mode) => mode is SecurityMode.MutualTls or SecurityMode.MutualTlsOrToken;

    /// <summary>Whether tokens name callers.</summary>
    public static bool TakesTokens(this SecurityMode mode) => mode is SecurityMode.Token or SecurityMode.MutualTlsOrToken;
}
