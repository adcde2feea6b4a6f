using System.Buffers.Binary;
using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ResourceService.Server.Tests.Telemetry;

/// <summary>A collector: takes what is sent to it by OTLP over gRPC, and keeps it.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private const int PrefixLength = 5;

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly ConcurrentQueue<ReceivedLog> _logs = new();
    private readonly ConcurrentDictionary<string, string> _metrics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ulong> _sums = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, IReadOnlyList<IReadOnlyDictionary<string, string>>> _points = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _scopes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _resource = new(StringComparer.Ordinal);

    private OtlpReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    /// <summary>Where it listens.</summary>
    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>The spans so far.</summary>
    public IReadOnlyCollection<ReceivedSpan> Spans => _spans;

    /// <summary>The log lines so far.</summary>
    public IReadOnlyCollection<ReceivedLog> Logs => _logs;

    /// <summary>The names of the metrics so far, and the unit of each.</summary>
    public IReadOnlyDictionary<string, string> Metrics => _metrics;

    /// <summary>The counters of whole numbers, each over all of its labels as last received.</summary>
    public IReadOnlyDictionary<string, ulong> Sums => _sums;

    /// <summary>The labels of each series of counters and histograms, as last received.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyDictionary<string, string>>> Points => _points;

    /// <summary>The versions of the scopes that sent something, by their names.</summary>
    public IReadOnlyDictionary<string, string> Scopes => _scopes;

    /// <summary>What the sender says of itself.</summary>
    public IReadOnlyDictionary<string, string> Resource => _resource;

    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver();
        await receiver._app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var message = body.ToArray();
        // One message: not compressed, and as long as it says.
        Assert.Equal(0, message[0]);
        Assert.Equal(message.Length - PrefixLength, BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(1)));
        Take(context.Request.Path.Value!.Split('/')[1], new ProtobufFields(ByteString.CopyFrom(message.AsSpan(PrefixLength))));

        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[PrefixLength]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    // In all three: resources, in each the scopes, in each the items.
    private void Take(string service, ProtobufFields request)
    {
        foreach (var resource in request.Messages(1))
        {
            foreach (var (key, value) in resource.Message(1).Attributes(1))
                _resource[key] = value;
            foreach (var scope in resource.Messages(2).Select(scope => scope.Message(1)))
                _scopes[scope.Text(1)] = scope.Text(2);
            foreach (var item in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                switch (service)
                {
                    case "opentelemetry.proto.collector.trace.v1.TraceService":
                        _spans.Enqueue(ReceivedSpan.Of(item));
                        break;
                    case "opentelemetry.proto.collector.metrics.v1.MetricsService":
                        _metrics[item.Text(1)] = item.Text(3);
                        if (item.Has(7))
                            _sums[item.Text(1)] = item.Message(7).Messages(1).Aggregate(0UL, (sum, point) => sum + point.Number(6));
                        if (item.Has(7) || item.Has(9))
                            _points[item.Text(1)] = [.. item.Message(item.Has(7) ? 7 : 9).Messages(1).Select(point => point.Attributes(item.Has(7) ? 7 : 9))];
                        break;
                    case "opentelemetry.proto.collector.logs.v1.LogsService":
                        _logs.Enqueue(new ReceivedLog(item.Message(5).Text(1), item.Hex(9), item.Hex(10)));
                        break;
                    default:
                        throw new InvalidOperationException($"{service} is no service of OTLP.");
                }
            }
        }
    }
}

/// <summary>A log line as it was received.</summary>
internal sealed record ReceivedLog(string Text, string TraceId, string SpanId);

/// <summary>A span as it was received.</summary>
internal sealed record ReceivedSpan(
    string TraceId, string SpanId, string ParentId, string Name, ulong Start, ulong End, IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<string> LinkedTraceIds, IReadOnlyList<IReadOnlyDictionary<string, string>> Events, bool IsError)
{
    private const ulong Error = 2;

    public static ReceivedSpan Of(ProtobufFields span) => new(
        span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), span.Number(7), span.Number(8), span.Attributes(9),
        [.. span.Messages(13).Select(link => link.Hex(1))], [.. span.Messages(11).Select(happened => happened.Attributes(3))], span.Message(15).Number(3) == Error);
}
