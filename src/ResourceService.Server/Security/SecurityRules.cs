using System.Security.Cryptography;
using ResourceService.Server.Options;

namespace ResourceService.Server.Security;

/// <summary>What the settings of security must be, checked at start: every one that is wrong is named at once, with what would be right.</summary>
internal static class SecurityRules
{
    /// <summary>What is wrong; nothing when all is well.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="urls">The addresses; those that are wrong are passed over, and told of elsewhere.</param>
    /// <param name="isReadable">
    /// Whether a setting had a value of its kind, or none; otherwise it has its default now. Of a mode that cannot be read nobody knows what it needs.
    /// </param>
    public static IEnumerable<string> Violations(SecurityOptions options, string urls, Func<string, bool> isReadable)
    {
        var addresses = ListenAddress.Read(urls);
        return
        [
            .. OfAddresses(options, addresses),
            .. OfCertificates(options, mayBeTls: addresses.Any(address => address.IsTls) || !UrlRules.Split(urls).All(UrlRules.IsRight)),
            .. OfNames(options),
            .. OfTokens(options),
            .. isReadable("Security:Mode") ? OfMode(options, addresses, isReadable) : [],
            .. Numbers(options),
        ];
    }

    private static IEnumerable<string> OfAddresses(SecurityOptions options, IReadOnlyList<ListenAddress> addresses)
    {
        foreach (var address in addresses.Where(address => address.IsTls && options.CertificateFile.Length == 0))
            yield return $"urls has '{address.Url}'; https needs Security:CertificateFile and Security:CertificateKeyFile";
        if (addresses.Any(address => address.IsTls && addresses.Any(other => !other.IsTls && other.Port == address.Port)))
            yield return "urls has http and https on the same port; each needs its own";
    }

    private static IEnumerable<string> OfCertificates(SecurityOptions options, bool mayBeTls)
    {
        if (options.CertificateFile.Length > 0 != options.CertificateKeyFile.Length > 0)
            yield return "Security:CertificateFile and Security:CertificateKeyFile must be set together";
        else if (options.CertificateFile.Length > 0)
        {
            if (!mayBeTls)
                yield return "Security:CertificateFile is set, but no address in urls is https";
            if (WhyUnreadable(() => TlsFiles.ServerCertificate([File.ReadAllText(options.CertificateFile), File.ReadAllText(options.CertificateKeyFile)])) is { } cause)
                yield return $"Security:CertificateFile and Security:CertificateKeyFile cannot be used: {cause}";
        }

        if (options.ClientCaFile.Length > 0 && WhyUnreadable(() => TlsFiles.ClientAuthorities([File.ReadAllText(options.ClientCaFile)])) is { } why)
            yield return $"Security:ClientCaFile cannot be used: {why}";
    }

    private static IEnumerable<string> OfNames(SecurityOptions options)
    {
        foreach (var (setting, value) in Names(options))
        {
            foreach (var name in value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                var places = name.Split(NamePattern.NodePlace).Length - 1;
                if (places != (setting == nameof(options.AgentNames) ? 1 : 0) || !Caller.IsName(name))
                {
                    yield return $"Security:{setting} has '{name}'; must be a URI or DNS name "
                        + (setting == nameof(options.AgentNames) ? $"with {NamePattern.NodePlace} once" : $"without {NamePattern.NodePlace}");
                }
            }
        }
    }

    private static IEnumerable<string> OfTokens(SecurityOptions options)
    {
        if (options.TokenKeysFile.Length > 0 && WhyUnreadable(() => TokenKeys.Parse(File.ReadAllText(options.TokenKeysFile))) is { } cause)
            yield return $"Security:TokenKeysFile cannot be used: {cause}";
        if (options.TokenKeysUrl.Length > 0
            && !(Uri.TryCreate(options.TokenKeysUrl, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))))
            yield return $"Security:TokenKeysUrl is '{options.TokenKeysUrl}'; must be https: whoever exchanges the keys on the way makes the tokens";
        if (options.TokenNameClaim.Length == 0 || options.TokenRoleClaim.Length == 0 || options.TokenNodeClaim.Length == 0)
            yield return "Security:TokenNameClaim, Security:TokenRoleClaim and Security:TokenNodeClaim must not be empty";
    }

    // What the mode needs, and what it has no use for.
    private static IEnumerable<string> OfMode(
        SecurityOptions options, IReadOnlyList<ListenAddress> addresses, Func<string, bool> isReadable) =>
    [
        .. addresses.Select(address => WhyUnsafe(options, address, isReadable)).OfType<string>(),
        .. options.Mode.TakesCertificates() ? MissingForCertificates(options) : WithoutEffect(options, ForCertificates(options), "takes no client certificates"),
        .. options.Mode.TakesTokens() ? MissingForTokens(options) : WithoutEffect(options, ForTokens(options), "takes no tokens"),
    ];

    private static string? WhyUnsafe(SecurityOptions options, ListenAddress address, Func<string, bool> isReadable)
    {
        if (address.IsLocal)
            return null;
        if (options is { Mode: SecurityMode.None, AllowUnauthenticatedNetwork: false } && isReadable("Security:AllowUnauthenticatedNetwork"))
        {
            return $"urls has '{address.Url}', which other machines reach, and Security:Mode is None: set a mode, listen on 127.0.0.1, "
                + "or set Security:AllowUnauthenticatedNetwork=true to let everyone who reaches it do everything";
        }

        return options.Mode.TakesTokens() && !address.IsTls && !options.AllowPlainTextTokens && isReadable("Security:AllowPlainTextTokens")
            ? $"urls has '{address.Url}', where tokens would cross the network in plain text: use https, listen on 127.0.0.1, "
                + "or set Security:AllowPlainTextTokens=true behind a proxy that ends TLS"
            : null;
    }

    private static IEnumerable<string> MissingForCertificates(SecurityOptions options)
    {
        if (options.CertificateFile.Length == 0)
            yield return $"Security:Mode is {options.Mode}; it needs Security:CertificateFile, Security:CertificateKeyFile and an https address";
        if (options.ClientCaFile.Length == 0)
            yield return $"Security:Mode is {options.Mode}; it needs Security:ClientCaFile";
        if (Names(options).All(item => string.IsNullOrWhiteSpace(item.Value)))
            yield return "Security: one of SchedulerNames, AgentNames, OperatorNames and ViewerNames must be set: no certificate would name a caller";
    }

    private static IEnumerable<string> MissingForTokens(SecurityOptions options)
    {
        if (options.TokenIssuer.Length == 0 || options.TokenAudience.Length == 0)
            yield return $"Security:Mode is {options.Mode}; it needs Security:TokenIssuer and Security:TokenAudience";
        if (options.TokenKeysFile.Length > 0 == options.TokenKeysUrl.Length > 0)
            yield return $"Security:Mode is {options.Mode}; it needs either Security:TokenKeysFile or Security:TokenKeysUrl";
    }

    // A setting that does nothing gives a wrong sense of safety.
    private static IEnumerable<string> WithoutEffect(SecurityOptions options, IEnumerable<(string Setting, string Value)> settings, string why) =>
        from item in settings
        where item.Value.Length > 0
        select $"Security:{item.Setting} is set, but Security:Mode is {options.Mode}, which {why}";

    private static (string Setting, string Value)[] Names(SecurityOptions options) =>
    [
        (nameof(options.SchedulerNames), options.SchedulerNames), (nameof(options.AgentNames), options.AgentNames),
        (nameof(options.OperatorNames), options.OperatorNames), (nameof(options.ViewerNames), options.ViewerNames),
    ];

    private static IEnumerable<(string Setting, string Value)> ForCertificates(SecurityOptions options) =>
        Names(options).Prepend((nameof(options.ClientCaFile), options.ClientCaFile));

    private static IEnumerable<(string Setting, string Value)> ForTokens(SecurityOptions options) =>
    [
        (nameof(options.TokenIssuer), options.TokenIssuer), (nameof(options.TokenAudience), options.TokenAudience),
        (nameof(options.TokenKeysFile), options.TokenKeysFile), (nameof(options.TokenKeysUrl), options.TokenKeysUrl),
    ];

    private static IEnumerable<string> Numbers(SecurityOptions options) =>
        new (string Name, int Value, int Least, int Most)[]
            {
                ("TokenSkewSeconds", options.TokenSkewSeconds, 0, 300),
                ("ReloadSeconds", options.ReloadSeconds, 1, 3_600),
                ("TokenKeysRefreshSeconds", options.TokenKeysRefreshSeconds, 10, 86_400),
            }
            .Where(item => item.Value < item.Least || item.Value > item.Most)
            .Select(item => $"Security:{item.Name} is {item.Value}; must be {item.Least} to {item.Most}");

    private static string? WhyUnreadable(Func<object> read)
    {
        try
        {
            read();
            return null;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            return cause.Message;
        }
    }
}
