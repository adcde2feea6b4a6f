using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using ResourceService.Server.Options;

namespace ResourceService.Server.Telemetry;

/// <summary>
/// Sends traces, metrics and logs where the standard <c>OTEL_*</c> variables say, and shows the metrics page. A signal that nobody asked for is
/// not even set up.
/// </summary>
internal static class TelemetryComposition
{
    // Memory, garbage collection and threads, as the runtime itself counts them.
    private const string RuntimeMeterName = "System.Runtime";

    /// <summary>Sets up what the configuration asks for; says whether calls must be looked at for it.</summary>
    public static bool AddTelemetry(this WebApplicationBuilder builder, MetricsOptions metrics)
    {
        AddConsole(builder);
        var configuration = builder.Configuration;
        var (traces, sentMetrics, logs) = (IsSent(configuration, "TRACES"), IsSent(configuration, "METRICS"), IsSent(configuration, "LOGS"));
        if (!traces && !sentMetrics && !logs && metrics.Port == 0)
            return false;

        builder.Services.AddSingleton<TelemetryFailures>();
        // The variables come last, so that they win over the service's own name for itself.
        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource
            .Clear()
            .AddService("resource-service", serviceVersion: ServiceVersion.Text)
            .AddTelemetrySdk()
            .AddEnvironmentVariableDetector());
        if (traces)
            telemetry.WithTracing(tracing => tracing.AddSource(ServiceTracing.SourceName).AddOtlpExporter());
        if (sentMetrics || metrics.Port > 0)
        {
            telemetry.WithMetrics(meters =>
            {
                meters.AddMeter(ServiceMetrics.MeterName, RuntimeMeterName);
                if (sentMetrics)
                    meters.AddOtlpExporter();
                if (metrics.Port > 0)
                    // The scope is the same for all of the service's own, and its version would begin each series anew.
                    meters.AddPrometheusExporter(page => page.ScopeInfoEnabled = false);
            });
        }

        if (logs)
            // The body is the line as people read it; the template goes along as an attribute.
            telemetry.WithLogging(logging => logging.AddOtlpExporter(), options => options.IncludeFormattedMessage = true);
        return traces || sentMetrics || metrics.Port > 0;
    }

    /// <summary>
    /// Lets metrics and traces begin. The library makes what collects them when the host starts: what is counted before, such as leases that end while
    /// the ledger is loaded, would be sent nowhere.
    /// </summary>
    public static void StartTelemetry(this WebApplication app)
    {
        app.Services.GetService<TelemetryFailures>();
        app.Services.GetService<MeterProvider>();
        app.Services.GetService<TracerProvider>();
    }

    /// <summary>
    /// Shows the metrics page on its port, whatever host a caller names. Always as plain text, which every scraper takes: as OpenMetrics, which most ask
    /// for first, each counter has a second series that tells when it began, the same time for all.
    /// </summary>
    public static void UseMetricsPage(this WebApplication app, int port)
    {
        app.Use((http, next) =>
        {
            if (http.Connection.LocalPort == port)
                http.Request.Headers.Accept = "text/plain";
            return next(http);
        });
        app.UseOpenTelemetryPrometheusScrapingEndpoint(http => http.Connection.LocalPort == port && http.Request.Path == "/metrics");
    }

    // Lines written during a call whose trace is known carry its ids. The host brings only the simple format, and would not let another be chosen.
    private static void AddConsole(WebApplicationBuilder builder)
    {
        builder.Logging.AddConsole();
        builder.Logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        builder.Services.PostConfigure<ConsoleLoggerOptions>(
            options => options.FormatterName = builder.Configuration["Logging:Console:FormatterName"] ?? ConsoleFormatterNames.Simple);
    }

    /// <summary>
    /// Whether a signal is sent. OTEL_TRACES_EXPORTER and its like decide; without them an endpoint does. The specification's default is to send to
    /// this machine: a service that is not asked to send anything does not.
    /// </summary>
    public static bool IsSent(IConfiguration configuration, string signal)
    {
        if (string.Equals(configuration["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase))
            return false;
        if (configuration[$"OTEL_{signal}_EXPORTER"] is { Length: > 0 } exporter)
            return exporter.Split(',', StringSplitOptions.TrimEntries).Contains("otlp", StringComparer.OrdinalIgnoreCase);
        return !string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])
            || !string.IsNullOrEmpty(configuration[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"]);
    }
}
