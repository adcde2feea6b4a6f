using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using ResourceService.Server.Options;
using ResourceService.Storage;
using HealthClient = Grpc.Health.V1.Health.HealthClient;

namespace ResourceService.Server.Operations;

/// <summary>Asks a service how it is, for those who can only run a program: a container's own check, a unit file, a script.</summary>
internal static class HealthCommand
{
    private const string Readiness = "readiness";

    // Less than what whoever runs this allows it: what is wrong is said then.
    private static readonly TimeSpan _within = TimeSpan.FromSeconds(5);

    /// <summary>Asks once; nothing but SERVING is a success.</summary>
    public static int Ask(CommandCall call)
    {
        var given = call.Option("address");
        if (call.Option("ca") is not null && given?.StartsWith("https://", StringComparison.OrdinalIgnoreCase) != true)
            throw new WrongCallException("health's --ca needs --address https://...");
        var address = (given is null ? AddressOf(call.Configuration()) : AddressIn(given)).GetLeftPart(UriPartial.Authority);
        using var handler = new SocketsHttpHandler { UseProxy = false };
        // The address of its own settings is this machine's, by whatever name its certificate has; nothing is told to it.
        if (given is null)
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
        if (call.FileOf("ca") is { } ca)
            handler.SslOptions.CertificateChainPolicy = AuthoritiesOf(ca);
        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler });
        try
        {
            var request = new HealthCheckRequest { Service = call.Option("service") ?? Readiness };
            var status = new HealthClient(channel).Check(request, deadline: TimeProvider.System.GetUtcNow().UtcDateTime + _within).Status;
            if (status == HealthCheckResponse.Types.ServingStatus.Serving)
            {
                Console.WriteLine("SERVING");
                return Commands.Succeeded;
            }

            Console.Error.WriteLine($"{address} says that it is not serving ({request.Service}).");
        }
        catch (RpcException cause) when (cause.StatusCode == StatusCode.NotFound)
        {
            Console.Error.WriteLine($"{address} has no health of that name: services are readiness and liveness.");
        }
        catch (RpcException cause)
        {
            var why = cause.Status.DebugException?.GetBaseException().Message ?? cause.Status.Detail;
            Console.Error.WriteLine($"{address} does not answer: {cause.StatusCode}, {why}");
        }

        return Commands.Found;
    }

    // The probes' port, which speaks no TLS, or the first address.
    private static Uri AddressOf(IConfigurationRoot configuration)
    {
        var urls = configuration[SettingNames.Urls] is { Length: > 0 } text ? text : ServiceOptions.DefaultUrl;
        var first = UrlRules.Split(urls).FirstOrDefault(UrlRules.IsRight) ?? throw NeedsAddress($"urls is '{urls}'");
        var own = BindingAddress.Parse(first);
        if (own.IsUnixPipe)
            throw NeedsAddress($"urls has '{first}', which has no port");
        // Whatever stands for every address: this machine's own is among them.
        var host = own.Host is "*" or "+" or "0.0.0.0" or "[::]" ? "127.0.0.1" : own.Host;
        if (int.TryParse(configuration["Health:Port"], out var port) && port > 0)
            return new Uri($"http://{host}:{port}");
        return own.Port > 0 ? new Uri($"{own.Scheme}://{host}:{own.Port}") : throw NeedsAddress($"urls has '{first}', whose port nobody knows before it serves");
    }

    private static Uri AddressIn(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address.PathAndQuery == "/"
            ? address
            : throw new WrongCallException($"health's --address is '{text}'; must be of the form http://127.0.0.1:5080");

    private static WrongCallException NeedsAddress(string why) => new($"health needs --address URL: {why}");

    private static X509ChainPolicy AuthoritiesOf(string path)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(path);
        }
        catch (CryptographicException cause)
        {
            throw new StoreException($"{path} has no certificates in PEM form: {cause.Message}", cause);
        }

        return policy;
    }
}
