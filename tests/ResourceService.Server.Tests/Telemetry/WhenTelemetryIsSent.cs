using System.Text.Json.Nodes;

namespace ResourceService.Server.Tests.Telemetry;

/// <summary>Traces, metrics and logs by OTLP, switched on by the standard variables and received by a collector.</summary>
public sealed class WhenTelemetryIsSent : IAsyncLifetime
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string CallerSpanId = "00f067aa0ba902b7";

    private readonly TemporaryDirectory _directory = new();
    private OtlpReceiver _receiver = null!;

    public async ValueTask InitializeAsync() => _receiver = await OtlpReceiver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _receiver.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_claims_trace_shows_the_call_and_below_it_the_wait_the_decision_and_the_commit()
    {
        await using var service = await StartAsync();
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));

        await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"), Below(CallerSpanId));

        var spans = await TraceAsync(4);
        var call = Assert.Single(spans, span => span.ParentId == CallerSpanId);
        Assert.Equal("resourceservice.v1.ClaimService/ClaimInstance", call.Name);
        Assert.False(call.IsError);
        var steps = spans.Where(span => span.ParentId == call.SpanId).OrderBy(span => span.Start).ToList();
        Assert.Equal(["queue wait", "decision", "commit"], steps.Select(step => step.Name));
        Assert.Equal("1", steps[^1].Attributes["resource_service.batch_size"]);
        Assert.All(steps, step => Assert.True(call.Start <= step.Start && step.Start <= step.End && step.End <= call.End));
    }

    [Fact]
    public async Task A_refusal_is_an_answer_in_the_trace_and_its_log_lines_carry_the_traces_id()
    {
        await using var service = await StartAsync("--Logging:LogLevel:ResourceService=Debug", "--Logging:Console:FormatterName=json");
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));

        await Assert.ThrowsAsync<RpcException>(
            async () => await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1", vcpus: 9), Below(CallerSpanId)));

        // Nothing is committed for it: no change is under way that it could rest on.
        var call = (await TraceAsync(3)).Single(span => span.ParentId == CallerSpanId);
        Assert.Equal(("RESOURCE_EXHAUSTED", false), (call.Attributes["rpc.response.status_code"], call.IsError));
        Assert.Equal("DOES_NOT_FIT", _receiver.Spans.Single(span => span.TraceId == TraceId && span.Name == "decision").Attributes["error.type"]);
        // The same line on the console, in JSON, and at the collector.
        var line = Assert.Single(service.Log.All, line => line.Contains("was answered with ResourceExhausted", StringComparison.Ordinal));
        var scope = Assert.Single(JsonNode.Parse(line)!["Scopes"]!.AsArray());
        Assert.Equal((TraceId, call.SpanId), ((string?)scope!["TraceId"], (string?)scope["SpanId"]));
        await Eventually.HoldsAsync(
            "the line arrives", () => Task.FromResult(_receiver.Logs.Any(log => log.TraceId == TraceId && log.SpanId == call.SpanId)));
    }

    [Fact]
    public async Task Each_claim_of_a_stream_has_a_trace_of_its_own_that_points_to_the_stream()
    {
        await using var service = await StartAsync();
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        using (var stream = service.Clients.Claims.StreamClaims(Below(CallerSpanId)))
        {
            await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = Requests.Claim("node-1") });
            await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = Requests.Claim("node-1") });
            await stream.RequestStream.CompleteAsync();
            while (await stream.ResponseStream.MoveNext(CancellationToken.None))
            {
            }
        }

        await Eventually.HoldsAsync("both commits arrive", () => Task.FromResult(CommitsOfStream().Count() == 2));
        Assert.Equal(2, CommitsOfStream().Select(span => span.TraceId).Distinct().Count());
        Assert.Equal("resourceservice.v1.ClaimService/StreamClaims", Assert.Single(await TraceAsync(1)).Name);

        IEnumerable<ReceivedSpan> CommitsOfStream() =>
            from claim in _receiver.Spans
            where claim.LinkedTraceIds.Contains(TraceId)
            from commit in _receiver.Spans
            where commit.TraceId == claim.TraceId && commit.ParentId == claim.SpanId && commit.Name == "commit"
            select commit;
    }

    [Fact]
    public async Task Metrics_arrive_under_their_names_with_units_from_a_service_with_a_name()
    {
        await using var service = await StartAsync("--OTEL_SERVICE_NAME=ledger-of-zone-1", "--OTEL_TRACES_SAMPLER=always_off");
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));

        await Eventually.HoldsAsync(
            "commits are told", () => Task.FromResult(_receiver.Metrics.ContainsKey("resource_service.commit.duration")));

        Assert.Equal("s", _receiver.Metrics["resource_service.commit.duration"]);
        Assert.Contains("resource_service.claims", _receiver.Metrics.Keys);
        Assert.Equal("ledger-of-zone-1", _receiver.Resource["service.name"]);
        // The sampler takes no trace, and the metrics come all the same.
        Assert.Empty(_receiver.Spans);
    }

    [Fact]
    public async Task Log_lines_arrive_as_people_read_them_from_a_service_that_names_its_version()
    {
        await using var service = await StartAsync();

        await Eventually.HoldsAsync(
            "the line arrives", () => Task.FromResult(_receiver.Logs.Any(log => log.Text == $"Listening on {service.Clients.Address.GetLeftPart(UriPartial.Authority)}")));

        Assert.Equal(service.Clients.GetType().Assembly.GetName().Version!.ToString(3), _receiver.Resource["service.version"]);
    }

    [Fact]
    public async Task What_is_counted_while_the_service_starts_arrives()
    {
        DateTimeOffset leaseEnd;
        await using (var before = await ServiceProcess.StartAsync(_directory.Path))
        {
            await before.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
            var request = Requests.Claim("node-1");
            request.Lease = Requests.Seconds(1);
            leaseEnd = (await before.Clients.Claims.ClaimInstanceAsync(request)).Claim.LeaseExpireTime.ToDateTimeOffset();
            await before.KillHardAsync();
        }

        await Eventually.HoldsAsync("the lease has ended", () => Task.FromResult(TimeProvider.System.GetUtcNow() > leaseEnd));
        await using var service = await StartAsync();

        await Eventually.HoldsAsync("the end is told", () => Task.FromResult(_receiver.Sums.GetValueOrDefault("resource_service.expired_leases") == 1));
    }

    private Task<ServiceProcess> StartAsync(params string[] settings) => ServiceProcess.StartAsync(
        _directory.Path,
        [$"--OTEL_EXPORTER_OTLP_ENDPOINT={_receiver.Address}", "--OTEL_BSP_SCHEDULE_DELAY=50", "--OTEL_BLRP_SCHEDULE_DELAY=50",
            "--OTEL_METRIC_EXPORT_INTERVAL=100", .. settings]);

    // The caller's own trace, which is recorded.
    private static Metadata Below(string spanId) => new() { { "traceparent", $"00-{TraceId}-{spanId}-01" } };

    private async Task<IReadOnlyList<ReceivedSpan>> TraceAsync(int count)
    {
        await Eventually.HoldsAsync($"{count} spans arrive", () => Task.FromResult(Spans().Count() == count));
        return [.. Spans()];

        IEnumerable<ReceivedSpan> Spans() => _receiver.Spans.Where(span => span.TraceId == TraceId);
    }
}
