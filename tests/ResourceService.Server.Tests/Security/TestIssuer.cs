using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ResourceService.Server.Tests.Security;

/// <summary>An issuer of tokens, made by hand: it signs also what no library would.</summary>
internal sealed class TestIssuer(string keyId = "key-1") : IDisposable
{
    public const string Name = "https://issuer.test";
    public const string Audience = "resourceservice";

    private readonly RSA _key = RSA.Create(2048);

    /// <summary>Its public keys, as a JSON Web Key Set.</summary>
    public string KeySet => KeySetOf(this);

    /// <summary>The public keys of some issuers, as a JSON Web Key Set.</summary>
    public static string KeySetOf(params TestIssuer[] issuers) => JsonSerializer.Serialize(new { keys = issuers.Select(issuer => issuer.PublicKey()) });

    /// <summary>What a right token says.</summary>
    public static Dictionary<string, object> Claims(string name, string? role, string? node = null, double seconds = 3600)
    {
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Name,
            ["aud"] = Audience,
            ["sub"] = name,
            ["exp"] = InSeconds(seconds),
        };
        if (role is not null)
            claims["roles"] = new[] { role, "offline_access" };
        if (node is not null)
            claims["node_id"] = node;
        return claims;
    }

    /// <summary>The moment so many seconds from now, as tokens say it.</summary>
    public static long InSeconds(double seconds) => TimeProvider.System.GetUtcNow().AddSeconds(seconds).ToUnixTimeSeconds();

    /// <summary>A token, with more in its header than it needs or as it is.</summary>
    public string Sign(Dictionary<string, object> claims, params (string Name, object Value)[] header)
    {
        var content = Content("RS256", claims, header);
        return $"{content}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    /// <summary>A token without a signature that says so.</summary>
    public string Unsigned(Dictionary<string, object> claims) => $"{Content("none", claims)}.";

    /// <summary>A token signed with the public key as if it were a shared secret.</summary>
    public string SignWithPublicKey(Dictionary<string, object> claims)
    {
        var content = Content("HS256", claims);
        var secret = Encoding.ASCII.GetBytes(_key.ExportSubjectPublicKeyInfoPem());
        return $"{content}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(content)))}";
    }

    public void Dispose() => _key.Dispose();

    private string Content(string algorithm, Dictionary<string, object> claims, params (string Name, object Value)[] more)
    {
        var header = new Dictionary<string, object> { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = keyId };
        foreach (var (name, value) in more)
            header[name] = value;
        return $"{Encode(header)}.{Encode(claims)}";
    }

    private static string Encode(Dictionary<string, object> part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));

    private object PublicKey()
    {
        var key = _key.ExportParameters(false);
        return new { kty = "RSA", use = "sig", kid = keyId, n = Base64Url.EncodeToString(key.Modulus), e = Base64Url.EncodeToString(key.Exponent) };
    }
}
