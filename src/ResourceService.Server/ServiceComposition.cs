using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ResourceService.Server.Audits;
using ResourceService.Server.Claims;
using ResourceService.Server.Grpc;
using ResourceService.Server.Health;
using ResourceService.Server.History;
using ResourceService.Server.Moves;
using ResourceService.Server.Nodes;
using ResourceService.Server.Options;
using ResourceService.Server.Security;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;
using ResourceService.Storage.Sqlite;

namespace ResourceService.Server;

/// <summary>Puts the service together. The only place that knows all of its parts.</summary>
internal static class ServiceComposition
{
    /// <summary>Builds the host; throws <see cref="StoreException"/> when the configuration or the store is unusable.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceSettings.Load(args);
        var options = ServiceOptions.Read(builder.Configuration);
        var (requests, metrics, health, security, limits) = (options.Requests, options.Metrics, options.Health, options.Security, options.Limits);
        AddOptions(builder.Services, options);
        AddLedger(builder.Services);
        AddGrpc(builder, requests, metrics, callsAreObserved: builder.AddTelemetry(metrics));
        builder.AddSecurity(options);
        builder.WebHost.UseUrls([.. options.Addresses.Select(address => address.Url)]);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(requests.ShutdownSeconds));

        var app = builder.Build();
        if (health.Port > 0)
            app.UseHealthPort(health.Port);
        if (metrics.Port > 0)
            app.UseMetricsPage(metrics.Port);
        var observed = app.Services.GetRequiredService<ServiceMetrics>();
        app.Use((http, next) => CallEnd.WaitAsync(http, next, requests.MessageBytesMax, observed));
        app.UseCallPace();
        app.UseAccessRules(security, limits);
        app.MapGrpcService<NodeGrpcService>().WithAccessRules();
        app.MapGrpcService<ClaimGrpcService>().WithAccessRules();
        app.MapGrpcService<ResizeGrpcService>().WithAccessRules();
        app.MapGrpcService<MigrationGrpcService>().WithAccessRules();
        app.MapGrpcService<AuditGrpcService>().WithAccessRules();
        app.MapGrpcHealthChecksService().WithAccessRules();
        app.MapGrpcReflectionService().WithAccessRules();
        return app;
    }

    private static void AddOptions(IServiceCollection services, ServiceOptions options) => services
        .AddSingleton(options)
        .AddSingleton(options.Storage)
        .AddSingleton(options.Commit)
        .AddSingleton(options.Nodes)
        .AddSingleton(options.Requests)
        .AddSingleton(options.Retention)
        .AddSingleton(options.Metrics)
        .AddSingleton(options.Health)
        .AddSingleton(options.Audits)
        .AddSingleton(options.Security)
        .AddSingleton(options.Limits);

    private static void AddLedger(IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new LedgerClock(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<LedgerClock>>().ClockJumped));
        services.AddSingleton<BackgroundWork>();
        services.AddSingleton(provider => SqliteClaimStore.Open(provider.GetRequiredService<StorageOptions>()));
        services.AddSingleton<IClaimStore>(provider => provider.GetRequiredService<SqliteClaimStore>());
        services.AddSingleton(provider => provider.GetRequiredService<SqliteClaimStore>().Reader);
        services.AddSingleton<RetentionSweeper>();
        services.AddSingleton<FleetReadings>();
        services.AddSingleton<StoppingSignal>();
        services.AddSingleton<StoreHealth>();
        services.AddSingleton<ServiceMetrics>();
        services.AddSingleton<InstanceRegistry>();
        services.AddSingleton<RequestMemory>();
        services.AddSingleton(provider => new LeaseClock(provider.GetRequiredService<LedgerClock>(), provider.GetRequiredService<BackgroundWork>().Run));
        services.AddSingleton<FleetIndex>();
        services.AddSingleton<FleetServices>();
        services.AddSingleton<NodeDirectory>();
        services.AddSingleton<NodeNames>();
        services.AddSingleton<LedgerHistory>();
        services.AddSingleton<HistoryWatch>();
        services.AddSingleton<UsageSampler>();
        services.AddSingleton<RefusalLog>();
        services.AddSingleton<LedgerVerifier>();
        services.AddSingleton<Fleet>();
        services.AddSingleton<IdempotentCalls>();
        services.AddSingleton<CandidateFinder>();
        services.AddSingleton<ClaimCensus>();
        services.AddSingleton<FleetSummaries>();
        services.AddSingleton<NodeLists>();
        services.AddSingleton<ChoiceLists>();
        services.AddSingleton<ClaimPlacement>();
        services.AddSingleton<GroupClaim>();
        services.AddSingleton<ClaimCalls>();
        services.AddSingleton<ClaimBatch>();
        services.AddSingleton<ClaimStream>();
        services.AddSingleton<ClaimQueries>();
        services.AddSingleton<InstanceSteps>();
        services.AddSingleton<MoveSteps>();
        services.AddSingleton<MigrationQueries>();
        services.AddSingleton<NodeAudits>();
        services.AddHostedService<AuditLoop>();
        services.AddHostedService<IdleMemory>();
    }

    private static void AddGrpc(WebApplicationBuilder builder, RequestOptions requests, MetricsOptions metrics, bool callsAreObserved)
    {
        var services = builder.Services;
        services.AddGrpc(options =>
        {
            // Also of what a compressed message inflates to: the library stops there.
            options.MaxReceiveMessageSize = requests.MessageBytesMax;
            options.EnableDetailedErrors = false;
            if (callsAreObserved)
                options.Interceptors.Add<CallTelemetry>();
            options.Interceptors.Add<ErrorInterceptor>();
            options.Interceptors.Add<AnswerInterceptor>();
        });
        // One instance each: without this every call makes and disposes its own.
        services.AddSingleton<CallTelemetry>();
        services.AddSingleton<ErrorInterceptor>();
        services.AddSingleton<WorkGates>();
        services.AddSingleton<AnswerInterceptor>();
        services.AddSingleton<NodeGrpcService>();
        services.AddSingleton<ClaimGrpcService>();
        services.AddSingleton<ResizeGrpcService>();
        services.AddSingleton<MigrationGrpcService>();
        services.AddSingleton<AuditGrpcService>();
        services.AddContractReflection();
        services.AddGrpcHealthChecks(options =>
            {
                options.UseHealthChecksCache = false;
                // The names that probes ask for: "" and "readiness" for traffic, "liveness" for restarts.
                options.Services.Map("", check => check.Tags.Contains(HealthLog.ReadyTag));
                foreach (var (tag, name) in HealthLog.Names)
                    options.Services.Map(name, check => check.Tags.Contains(tag));
            })
            .AddCheck<StoreHealthCheck>("store", tags: [HealthLog.ReadyTag])
            .AddCheck<TokenKeysHealthCheck>("token keys", tags: [HealthLog.ReadyTag])
            .AddCheck("process", () => HealthCheckResult.Healthy(), tags: [HealthLog.LiveTag]);

        services.AddSingleton<IHealthCheckPublisher, HealthLog>();
        // What a watch of health shows is looked at this often; the library's own half a minute is longer than most outages.
        services.Configure<HealthCheckPublisherOptions>(publisher => publisher.Delay = publisher.Period = TimeSpan.FromSeconds(1));

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // HTTP/2 alone: gRPC needs nothing else, and without TLS there is no negotiation between versions.
            kestrel.ConfigureEndpointDefaults(endpoint =>
            {
                endpoint.Protocols = metrics.Port > 0 && endpoint.IPEndPoint?.Port == metrics.Port ? HttpProtocols.Http1 : HttpProtocols.Http2;
                var addresses = endpoint.ApplicationServices.GetRequiredService<ClientAddresses>();
                endpoint.Use(next => connection => addresses.ServeAsync(connection, next));
                endpoint.ApplicationServices.GetService<ServerTls>()?.UseOn(endpoint);
            });
            kestrel.AddServerHeader = false;
            // Messages are bounded one by one; a stream as a whole is not.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.Http2.MaxStreamsPerConnection = requests.StreamsPerConnectionMax;
            kestrel.Limits.LimitPace(requests);
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);
            kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        });
    }
}
