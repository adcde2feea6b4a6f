using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ResourceService.Server.Tests.Security;

/// <summary>A service that knows its callers, by certificates and by tokens, with the files that say whom it trusts.</summary>
public class SecuredService : IAsyncLifetime
{
    public const string Prefix = "spiffe://test.example/";

    private readonly TemporaryDirectory _directory = new();
    private readonly string[] _settings;
    private ServiceProcess? _process;

    public SecuredService()
        : this([])
    {
    }

    internal SecuredService(params string[] settings) => _settings = settings;

    /// <summary>Who issues the certificates of both sides.</summary>
    internal TestAuthority Authority { get; } = new();

    /// <summary>Who issues the tokens.</summary>
    internal TestIssuer Issuer { get; } = new();

    public ServiceProcess Process => _process ?? throw new InvalidOperationException("The service was not started.");

    /// <summary>Clients without credentials.</summary>
    public ServiceClients Strangers => Process.Clients;

    public async ValueTask InitializeAsync()
    {
        using (var certificate = Authority.IssueServer())
            await WriteServerCertificateAsync(certificate);
        await WriteAsync("client-ca.pem", Authority.Pem);
        await WriteAsync("keys.json", Issuer.KeySet);
        _process = await ServiceProcess.StartAsync(
            PathOf("data"), address => new ServiceClients(address, Handler(Authority)), [.. SettingsIn(_directory.Path), .. _settings]);
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _directory.Dispose();
        Authority.Dispose();
        Issuer.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>All settings of a service whose files lie in a folder.</summary>
    public static string[] SettingsIn(string directory) =>
    [
        "--urls=https://127.0.0.1:0",
        "--Security:Mode=MutualTlsOrToken",
        $"--Security:CertificateFile={directory}/server.pem",
        $"--Security:CertificateKeyFile={directory}/server.key",
        $"--Security:ClientCaFile={directory}/client-ca.pem",
        $"--Security:SchedulerNames={Prefix}scheduler; scheduler.test.example",
        $"--Security:AgentNames={Prefix}agent/{{node}}; {{node}}.compute.test.example",
        $"--Security:OperatorNames={Prefix}operator",
        $"--Security:ViewerNames={Prefix}viewer",
        $"--Security:TokenIssuer={TestIssuer.Name}",
        $"--Security:TokenAudience={TestIssuer.Audience}",
        $"--Security:TokenKeysFile={directory}/keys.json",
        "--Security:ReloadSeconds=1",
    ];

    /// <summary>Connections to a service with a certificate of an authority, with a certificate of their own or none.</summary>
    internal static SocketsHttpHandler Handler(TestAuthority authority, X509Certificate2? certificate = null) => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                CustomTrustStore = { authority.Root },
            },
            ClientCertificates = certificate is null ? [] : [certificate],
            // The one given, also where its authority is not among those that the service names.
            LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!,
        },
    };

    /// <summary>The private key of a certificate, as its file has it.</summary>
    internal static string KeyOf(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    /// <summary>Clients with a token.</summary>
    public ServiceClients WithToken(string token) => new(Strangers.Address, new BearerHandler(token, Handler(Authority)));

    /// <summary>Clients with a right token.</summary>
    public ServiceClients WithRole(string? role, string? node = null) => WithToken(Issuer.Sign(TestIssuer.Claims($"{role ?? "nobody"}-1", role, node)));

    /// <summary>Clients with a certificate.</summary>
    public ServiceClients WithCertificate(X509Certificate2 certificate) => new(Strangers.Address, Handler(Authority, certificate));

    /// <summary>Clients with a certificate of these names from the right authority.</summary>
    public ServiceClients WithNames(params string[] names) => WithCertificate(Authority.IssueClient(names));

    /// <summary>Replaces one of the service's files at once, as a mounted secret changes.</summary>
    public async Task WriteAsync(string file, string content)
    {
        var next = PathOf($"{file}.next");
        await File.WriteAllTextAsync(next, content);
        File.Move(next, PathOf(file), overwrite: true);
    }

    /// <summary>Replaces the service's certificate and its key.</summary>
    public async Task WriteServerCertificateAsync(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        await WriteAsync("server.key", KeyOf(certificate));
        await WriteAsync("server.pem", certificate.ExportCertificatePem());
    }

    /// <summary>Waits until a line of the log says something.</summary>
    public Task LoggedAsync(string text) => Eventually.HoldsAsync(
        $"the log says '{text}'", () => Task.FromResult(Process.Log.All.Any(line => line.Contains(text, StringComparison.Ordinal))));

    private string PathOf(string file) => Path.Combine(_directory.Path, file);
}
