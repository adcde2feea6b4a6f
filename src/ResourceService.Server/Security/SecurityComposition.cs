using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.AspNetCore.Server;
using ResourceService.Server.Grpc;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Security;

/// <summary>Puts together what the configuration asks for of TLS, identities and limits, and nothing else.</summary>
internal static class SecurityComposition
{
    // A JWKS is a few KiB.
    private const int KeySetBytesMax = 1 << 20;

    private static readonly TimeSpan _keySetTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Adds the parts.</summary>
    public static void AddSecurity(this WebApplicationBuilder builder, ServiceOptions options)
    {
        var (services, security, limits) = (builder.Services, options.Security, options.Limits);
        services.AddSingleton<AccessLog>();
        services.AddSingleton<CallerLimits>();
        services.AddSingleton<OpenStreams>();
        services.AddSingleton<ClientAddresses>();
        services.AddSingleton<CertificateIdentity>();
        services.AddSingleton<NodeOwnership>();
        if (security.CertificateFile.Length > 0)
            services.AddTls(security, ListenAddress.Read(options.Urls), options.OwnPorts.Select(own => own.Port));
        if (security.Mode.TakesTokens())
            services.AddTokens(security);
        if (services.Any(service => service.ServiceType == typeof(IReloadable)))
            services.AddHostedService<ReloadLoop>();
        if (IsGated(security, limits))
        {
            services.AddSingleton<AccessInterceptor>();
            services.Configure<GrpcServiceOptions>(options => options.Interceptors.Add<AccessInterceptor>());
        }

        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxConcurrentConnections = limits.ConnectionsMax);
    }

    /// <summary>Puts the gate before the methods, where callers are known or limited.</summary>
    public static void UseAccessRules(this WebApplication app, SecurityOptions security, LimitOptions limits)
    {
        if (IsGated(security, limits))
            app.UseMiddleware<AccessGate>();
        if (security is { Mode: SecurityMode.None, AllowUnauthenticatedNetwork: true })
            app.Logger.Unauthenticated();
        if (app.Services.GetService<ServerTls>()?.WhyRefused(app.Services.GetRequiredService<TimeProvider>().GetUtcNow()) is { } why)
            app.Logger.CertificateOutOfDate(why);
    }

    /// <summary>Gives each method of a service its rule.</summary>
    public static void WithAccessRules(this IEndpointConventionBuilder service) => service.Add(endpoint =>
    {
        // Without this metadata an endpoint answers only that there is no such method.
        if (endpoint.Metadata.OfType<GrpcMethodMetadata>().FirstOrDefault() is { } method)
            endpoint.Metadata.Add(AccessRules.Of(method.Method.FullName));
    });

    private static bool IsGated(SecurityOptions security, LimitOptions limits) => security.Mode != SecurityMode.None || limits.OfCallers;

    private static void AddTls(
        this IServiceCollection services, SecurityOptions security, IReadOnlyList<ListenAddress> addresses, IEnumerable<int> plainPorts)
    {
        var certificate = new WatchedFiles<SslStreamCertificateContext>(
            [security.CertificateFile, security.CertificateKeyFile], TlsFiles.ServerCertificate);
        services.AddSingleton<IReloadable>(certificate);
        WatchedFiles<X509ChainPolicy>? authorities = null;
        if (security.Mode.TakesCertificates())
        {
            authorities = new WatchedFiles<X509ChainPolicy>([security.ClientCaFile], TlsFiles.ClientAuthorities);
            services.AddSingleton<IReloadable>(authorities);
        }

        var withoutTls = addresses.Where(address => !address.IsTls).Select(address => address.Port).Concat(plainPorts).ToHashSet();
        services.AddSingleton(provider => new ServerTls(
            certificate, authorities, withoutTls, provider.GetRequiredService<CertificateIdentity>(), provider.GetRequiredService<AccessLog>()));
    }

    private static void AddTokens(this IServiceCollection services, SecurityOptions security)
    {
        services.AddSingleton(provider =>
        {
            var time = provider.GetRequiredService<TimeProvider>();
            if (security.TokenKeysFile.Length > 0)
            {
                var file = security.TokenKeysFile;
                return new TokenKeys(file, File.ReadAllText(file), cancel => File.ReadAllTextAsync(file, cancel), TimeSpan.Zero, time);
            }

            // Keys come from the address that was configured, not from where it may point.
            var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
            {
                Timeout = _keySetTimeout,
                MaxResponseContentBufferSize = KeySetBytesMax,
            };
            return new TokenKeys(
                security.TokenKeysUrl,
                "",
                cancel => http.GetStringAsync(new Uri(security.TokenKeysUrl), cancel),
                TimeSpan.FromSeconds(security.TokenKeysRefreshSeconds),
                time);
        });
        services.AddSingleton<IReloadable>(provider => provider.GetRequiredService<TokenKeys>());
        services.AddSingleton<TokenIdentity>();
    }
}
