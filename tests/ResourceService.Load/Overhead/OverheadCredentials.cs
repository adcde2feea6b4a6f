using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace ResourceService.Load.Overhead;

/// <summary>An authority, certificates of server and client, and a token with the keys that verify it, in files that are gone with the run.</summary>
internal sealed class OverheadCredentials : IDisposable
{
    public const string OperatorName = "spiffe://example.org/operator";
    public const string Issuer = "https://login.example.org";
    public const string Audience = "resourceservice";

    private const string KeyId = "1";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private static readonly TimeSpan _validity = TimeSpan.FromDays(1);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("resource-service-load-");
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    public OverheadCredentials()
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=load-authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var authority = request.CreateSelfSigned(_now.AddMinutes(-5), _now + _validity);
        Write(AuthorityFile, authority.ExportCertificatePem());

        var (server, serverKey) = Issue(authority, ServerAuthentication, names => names.AddIpAddress(IPAddress.Loopback));
        Write(ServerCertificateFile, server);
        Write(ServerKeyFile, serverKey);
        var (client, clientKey) = Issue(authority, ClientAuthentication, names => names.AddUri(new Uri(OperatorName)));
        Write(ClientFile, client + "\n" + clientKey);

        using var tokenKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = tokenKey.ExportParameters(includePrivateParameters: false).Q;
        var key = new { kty = "EC", crv = "P-256", kid = KeyId, use = "sig", alg = "ES256", x = Encode(point.X!), y = Encode(point.Y!) };
        Write(TokenKeysFile, JsonSerializer.Serialize(new { keys = new[] { key } }));
        Write(TokenFile, CreateToken(tokenKey));
    }

    public string AuthorityFile => PathOf("ca.pem");

    public string ServerCertificateFile => PathOf("server.pem");

    public string ServerKeyFile => PathOf("server.key");

    /// <summary>The client's certificate and its key.</summary>
    public string ClientFile => PathOf("client.pem");

    public string TokenKeysFile => PathOf("jwks.json");

    public string TokenFile => PathOf("token");

    public void Dispose() => _directory.Delete(recursive: true);

    private static (string Certificate, string Key) Issue(X509Certificate2 authority, string purpose, Action<SubjectAlternativeNameBuilder> addNames)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        addNames(names);
        var request = new CertificateRequest("CN=load", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        using var certificate = request.Create(
            authority, new DateTimeOffset(authority.NotBefore), new DateTimeOffset(authority.NotAfter), RandomNumberGenerator.GetBytes(8));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private string CreateToken(ECDsa key)
    {
        var header = new { alg = "ES256", typ = "JWT", kid = KeyId };
        var payload = new { iss = Issuer, aud = Audience, sub = "load", roles = new[] { "operator" }, exp = (_now + _validity).ToUnixTimeSeconds() };
        var signed = Encode(JsonSerializer.SerializeToUtf8Bytes(header)) + "." + Encode(JsonSerializer.SerializeToUtf8Bytes(payload));
        return signed + "." + Encode(key.SignData(System.Text.Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256));
    }

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);

    private static void Write(string path, string text) => File.WriteAllText(path, text);

    private static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
