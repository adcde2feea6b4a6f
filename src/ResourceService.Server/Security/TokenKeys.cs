using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace ResourceService.Server.Security;

/// <summary>
/// The issuer's public keys, from a file or an address. Only asymmetric signature keys count: a shared secret among them would let whoever
/// knows a public key sign with it.
/// </summary>
/// <param name="name">The file or the address.</param>
/// <param name="first">Its content at start; empty when it is not known yet.</param>
/// <param name="read">Reads it.</param>
/// <param name="interval">How often it is read; sooner when a token's key is not among those known.</param>
/// <param name="time">The clock.</param>
internal sealed class TokenKeys(string name, string first, Func<CancellationToken, Task<string>> read, TimeSpan interval, TimeProvider time) : IReloadable
{
    private string _text = first;
    private long? _lastRead;
    private volatile bool _keyIsMissing;
    private volatile Dictionary<string, SecurityKey[]> _byId = first.Length == 0 ? [] : Parse(first);

    /// <summary>Changes with the keys.</summary>
    public object Version => _byId;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public bool IsInForce => _byId.Count > 0;

    /// <summary>The keys of an id; all of them for a token that names none.</summary>
    public IEnumerable<SecurityKey> Find(string? keyId)
    {
        if (string.IsNullOrEmpty(keyId))
            return _byId.Values.SelectMany(keys => keys);
        if (_byId.TryGetValue(keyId, out var found))
            return found;
        _keyIsMissing = true;
        return [];
    }

    /// <inheritdoc/>
    public async Task<bool> ReloadAsync(CancellationToken cancellation)
    {
        // A key may be missing because it is new: looked for at the next look, so that made-up ids do not make more of them. And without any
        // key nobody is known.
        if (_lastRead is { } last && time.GetElapsedTime(last) < interval && !_keyIsMissing && IsInForce)
            return false;
        (_lastRead, _keyIsMissing) = (time.GetTimestamp(), false);
        var text = await read(cancellation);
        if (text == _text)
            return false;
        _text = text;
        _byId = Parse(text);
        return true;
    }

    /// <summary>The keys in a JSON Web Key Set, by their ids.</summary>
    public static Dictionary<string, SecurityKey[]> Parse(string text)
    {
        JsonWebKeySet set;
        try
        {
            set = new JsonWebKeySet(text);
        }
        catch (ArgumentException cause)
        {
            throw new CryptographicException("It is no JSON Web Key Set.", cause);
        }

        var keys = set.Keys
            .Where(key => key.Kty is JsonWebAlgorithmsKeyTypes.RSA or JsonWebAlgorithmsKeyTypes.EllipticCurve)
            .Where(key => string.IsNullOrEmpty(key.Use) || key.Use == JsonWebKeyUseNames.Sig)
            .GroupBy(key => key.Kid ?? "", StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.ToArray<SecurityKey>(), StringComparer.Ordinal);
        return keys.Count > 0 ? keys : throw new CryptographicException("It has no RSA or EC key for signatures.");
    }
}
