namespace ResourceService.Server.Tests.Telemetry;

/// <summary>A service whose traces, metrics and lines about single calls all go to a collector.</summary>
public sealed class ObservedService : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private OtlpReceiver _receiver = null!;
    private ServiceProcess _process = null!;

    public ServiceClients Clients => _process.Clients;

    internal OtlpReceiver Receiver => _receiver;

    public async ValueTask InitializeAsync()
    {
        _receiver = await OtlpReceiver.StartAsync();
        _process = await ServiceProcess.StartAsync(
            _directory.Path,
            $"--OTEL_EXPORTER_OTLP_ENDPOINT={_receiver.Address}", "--OTEL_BSP_SCHEDULE_DELAY=50", "--OTEL_BLRP_SCHEDULE_DELAY=50",
            "--OTEL_METRIC_EXPORT_INTERVAL=100", "--Logging:LogLevel:ResourceService=Debug");
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _receiver.DisposeAsync();
        _directory.Dispose();
    }

    /// <summary>Registers a node of a test's own, in a zone of its own.</summary>
    public async Task<(string NodeId, string Zone)> RegisterAsync()
    {
        var (node, zone) = (Requests.Node(vcpus: 8), Unique.Id("zone"));
        node.Labels.Add("zone", zone);
        await Clients.Nodes.RegisterNodeAsync(node);
        return (node.NodeId, zone);
    }

    /// <summary>The one span of a name that has an attribute with this value.</summary>
    internal async Task<ReceivedSpan> SpanAsync(string name, string attribute, string value)
    {
        await Eventually.HoldsAsync($"{name} of {value} arrives", () => Task.FromResult(Spans().Any()));
        return Assert.Single(Spans());

        IEnumerable<ReceivedSpan> Spans() => _receiver.Spans.Where(span => span.Name == name && span.Attributes.GetValueOrDefault(attribute) == value);
    }

    /// <summary>Waits for a line with all of these texts.</summary>
    internal Task LineAsync(params string[] texts) => Eventually.HoldsAsync(
        $"a line with {string.Join(" and ", texts)} arrives",
        () => Task.FromResult(_receiver.Logs.Any(line => texts.All(text => line.Text.Contains(text, StringComparison.Ordinal)))));

    /// <summary>Waits for a series with these labels.</summary>
    internal Task SeriesAsync(string metric, params (string Name, string Value)[] labels) => Eventually.HoldsAsync(
        $"{metric} with {string.Join(" and ", labels)} arrives",
        () => Task.FromResult(
            _receiver.Points.GetValueOrDefault(metric)?.Any(point => labels.All(label => point.GetValueOrDefault(label.Name) == label.Value)) == true));
}
