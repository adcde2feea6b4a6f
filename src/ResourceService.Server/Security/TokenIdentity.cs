using System.Collections.Concurrent;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using ResourceService.Ledger;
using ResourceService.Server.Options;

namespace ResourceService.Server.Security;

/// <summary>
/// Names the caller behind a bearer token. A signature costs more than a claim, and a client sends the same token for minutes: what was
/// verified is remembered until it ends or the keys change.
/// </summary>
internal sealed class TokenIdentity(SecurityOptions options, TokenKeys keys, CallerLimits limits, TimeProvider time)
{
    private const int RememberedMax = 10_000;
    private const string Prefix = "Bearer ";

    private static readonly string[] _algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly TimeSpan _skew = TimeSpan.FromSeconds(options.TokenSkewSeconds);

    private readonly TokenValidationParameters _rules = new()
    {
        ValidIssuer = options.TokenIssuer,
        ValidAudience = options.TokenAudience,
        ValidAlgorithms = _algorithms,
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        RequireAudience = true,
        // The lifetime by the service's own clock, which tests move.
        LifetimeValidator = (from, until, _, _) => IsWithin(from, until, time.GetUtcNow().UtcDateTime, TimeSpan.FromSeconds(options.TokenSkewSeconds)),
        IssuerSigningKeyResolver = (_, _, keyId, _) => keys.Find(keyId),
        TryAllIssuerSigningKeys = false,
    };

    private volatile Remembered _remembered = new(keys.Version);

    /// <summary>The caller, by the call's header "authorization".</summary>
    public ValueTask<Identification> IdentifyAsync(string authorization)
    {
        var remembered = _remembered;
        if (remembered.KeysVersion != keys.Version)
            _remembered = remembered = new Remembered(keys.Version);
        if (!remembered.Callers.TryGetValue(authorization, out var known))
            return VerifyAsync(authorization, remembered);
        return new(known.ValidUntil > time.GetUtcNow() ? known : AccessRefusal.TokenExpired);
    }

    private async ValueTask<Identification> VerifyAsync(string authorization, Remembered remembered)
    {
        // Right or wrong: that is known only with keys.
        if (!keys.IsInForce)
            return AccessRefusal.KeysUnknown;
        if (!authorization.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            return AccessRefusal.TokenInvalid;
        var result = await _handler.ValidateTokenAsync(authorization[Prefix.Length..], _rules);
        if (!result.IsValid)
        {
            return result.Exception switch
            {
                SecurityTokenExpiredException or SecurityTokenInvalidLifetimeException or SecurityTokenNotYetValidException => AccessRefusal.TokenExpired,
                SecurityTokenInvalidAudienceException => AccessRefusal.TokenAudience,
                _ => AccessRefusal.TokenInvalid,
            };
        }

        if (Read((JsonWebToken)result.SecurityToken) is not { } caller)
            return AccessRefusal.TokenInvalid;
        // Counting locks all of it: only for a token that is new.
        if (remembered.Callers.Count >= RememberedMax)
            remembered.Callers.Clear();
        remembered.Callers[authorization] = caller;
        return caller;
    }

    // Null when the token names nobody.
    private Caller? Read(JsonWebToken token)
    {
        if (Text(token, options.TokenNameClaim) is not { } name || !Caller.IsName(name))
            return null;
        var roles = Roles.None;
        foreach (var claim in token.Claims)
        {
            if (claim.Type == options.TokenRoleClaim)
                roles |= RoleNames.Parse(claim.Value);
        }

        NodeId? node = Text(token, options.TokenNodeClaim) is { } id && Caller.IsNode(id) ? new NodeId(id) : null;
        return new Caller(name, roles, node, new DateTimeOffset(token.ValidTo, TimeSpan.Zero) + _skew, limits.Of(name));
    }

    private static string? Text(JsonWebToken token, string claim) => token.TryGetPayloadValue<string>(claim, out var value) ? value : null;

    private static bool IsWithin(DateTime? from, DateTime? until, DateTime now, TimeSpan skew) =>
        until is { } end && now < end + skew && (from is not { } start || now >= start - skew);

    private sealed record Remembered(object KeysVersion)
    {
        public ConcurrentDictionary<string, Caller> Callers { get; } = new(StringComparer.Ordinal);
    }
}
