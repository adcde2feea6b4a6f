using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using ResourceService.Ledger;
using ResourceService.Server.Options;

namespace ResourceService.Server.Security;

/// <summary>
/// Names the caller behind a bearer token. A signature costs more than a claim, and a client sends the same token for minutes: what was
/// verified is remembered until it ends or the keys change.
/// </summary>
internal sealed class TokenIdentity(SecurityOptions options, TokenKeys keys, TimeProvider time)
{
    // Tokens of a whole fleet of agents, or of some callers with large ones: 64 MiB.
    private const int RememberedCharactersMax = 32 << 20;
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

        // RFC 7515, 4.1.11: a token with rules of its own that must be understood is not valid to whom does not know them; here are none.
        var token = (JsonWebToken)result.SecurityToken;
        if (token.TryGetHeaderValue<object>("crit", out _) || Read(token) is not { } caller)
            return AccessRefusal.TokenInvalid;
        remembered.Keep(authorization, caller);
        return caller;
    }

    // Null when the token names nobody.
    private Caller? Read(JsonWebToken token)
    {
        if (Text(token, options.TokenNameClaim) is not { } name || !Caller.IsName(name))
            return null;
        NodeId? node = Text(token, options.TokenNodeClaim) is { } id && Caller.IsNode(id) ? new NodeId(id) : null;
        // A token may last until the end of time.
        var until = token.ValidTo < DateTime.MaxValue - _skew ? token.ValidTo + _skew : DateTime.MaxValue;
        return new Caller(name, RolesOf(token), node, new DateTimeOffset(until, TimeSpan.Zero));
    }

    // The claim of that name or, where the token has none, what the name leads to as a path: Keycloak's roles are at realm_access.roles.
    private Roles RolesOf(JsonWebToken token)
    {
        using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedPayload));
        var path = payload.RootElement.TryGetProperty(options.TokenRoleClaim, out _) ? [options.TokenRoleClaim] : options.TokenRoleClaim.Split('.');
        var found = payload.RootElement;
        foreach (var name in path)
        {
            if (found.ValueKind != JsonValueKind.Object || !found.TryGetProperty(name, out found))
                return Roles.None;
        }

        return (found.ValueKind == JsonValueKind.Array ? found.EnumerateArray() : Enumerable.Repeat(found, 1))
            .Where(word => word.ValueKind == JsonValueKind.String)
            .Aggregate(Roles.None, (roles, word) => roles | RoleNames.Parse(word.GetString()!));
    }

    private static string? Text(JsonWebToken token, string claim) => token.TryGetPayloadValue<string>(claim, out var value) ? value : null;

    private static bool IsWithin(DateTime? from, DateTime? until, DateTime now, TimeSpan skew) =>
        until is { } end && now - skew < end && (from is not { } start || now + skew >= start);

    private sealed record Remembered(object KeysVersion)
    {
        private int _characters;

        public ConcurrentDictionary<string, Caller> Callers { get; } = new(StringComparer.Ordinal);

        public void Keep(string authorization, Caller caller)
        {
            // A header is bounded by what the server reads of all headers.
            if (!Callers.TryAdd(authorization, caller) || Interlocked.Add(ref _characters, authorization.Length) <= RememberedCharactersMax)
                return;
            Callers.Clear();
            Interlocked.Exchange(ref _characters, 0);
        }
    }
}
