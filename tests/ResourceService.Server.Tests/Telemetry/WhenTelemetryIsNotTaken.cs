using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ResourceService.Server.Tests.Telemetry;

/// <summary>A collector that answers, and takes nothing.</summary>
public sealed class WhenTelemetryIsNotTaken : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly WebApplication _collector;
    private int _asked;

    public WhenTelemetryIsNotTaken()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _collector = builder.Build();
        _collector.Run(http =>
        {
            Interlocked.Increment(ref _asked);
            http.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
            return Task.CompletedTask;
        });
    }

    public async ValueTask InitializeAsync() => await _collector.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _collector.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task It_is_counted_and_logged_with_one_line_for_many()
    {
        var address = _collector.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        var port = MetricsPage.FreePort();
        await using var service = await ServiceProcess.StartAsync(
            _directory.Path, $"--OTEL_EXPORTER_OTLP_ENDPOINT={address}", "--OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "--OTEL_METRIC_EXPORT_INTERVAL=50",
            $"--Metrics:Port={port}");

        await Eventually.HoldsAsync("many failures are counted", async () =>
            Volatile.Read(ref _asked) >= 5 && (await MetricsPage.ReadAsync(port)).Sum("resource_service_telemetry_failures_total", ("event", "HttpRequestFailed")) >= 5);

        // Everything else that it does goes on, and nothing else is said.
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node());
        var line = Assert.Single(service.Log.Troubles);
        Assert.Contains("could not be sent", line, StringComparison.Ordinal);
        Assert.Contains("503", line, StringComparison.Ordinal);
    }
}
