namespace ResourceService.Server.Tests.Configuration;

/// <summary>Everything that is wrong is named at once, each with its setting, its value and the rule, and nothing is named that is not.</summary>
public sealed class WhenASettingIsWrong : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Every_wrong_setting_is_named_at_once()
    {
        var line = await FailedStart.LineAsync(
            _directory.Path, "--Nodes:QueueDepthMax=0", "--Commit:BatchMax=-1", "--Requests:MessageBytesMax=1", "--Storage:CacheMb=0");

        Assert.All(
            ["Nodes:QueueDepthMax is 0", "Commit:BatchMax is -1", "Requests:MessageBytesMax is 1", "Storage:CacheMb is 0"],
            setting => Assert.Contains(setting, line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_setting_that_does_not_exist_is_named_with_the_nearest_that_does()
    {
        var line = await FailedStart.LineAsync(
            _directory.Path, "--Nodes:QueDepthMax=5", "--Retention:eventhour=1", "--Limts:CallsBurst=1", "--Commit:BatchMax=0", "--Logging:LogLevel:Default=Loud");

        Assert.All(
            [
                "Nodes:QueDepthMax is no setting; did you mean Nodes:QueueDepthMax?", "did you mean Retention:EventHours?",
                "Limts is no section of settings; did you mean Limits?", "Commit:BatchMax is 0", "Logging:LogLevel:Default is 'Loud'; must be one of Trace",
            ],
            part => Assert.Contains(part, line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--Nodes:QueueDepthMax=many", "Nodes:QueueDepthMax")]
    [InlineData("--Storage:DatabaseSizeMaxMb=1GB", "Storage:DatabaseSizeMaxMb")]
    [InlineData("--Storage:IntegrityCheck=sometimes", "one of Off, Quick, Full")]
    [InlineData("--Kestrel:Endpoints:Open:Url=http://0.0.0.0:0", "Kestrel:Endpoints is no setting of this service")]
    public async Task A_setting_that_cannot_be_read_is_named(string setting, string named) =>
        Assert.Contains(named, await FailedStart.LineAsync(_directory.Path, setting), StringComparison.Ordinal);

    [Fact]
    public async Task A_value_that_cannot_be_read_hides_no_other_and_invents_none()
    {
        var line = await FailedStart.LineAsync(
            _directory.Path,
            "--Security:Mode=Foo",
            "--urls=http://0.0.0.0:0;ftp://127.0.0.1:0",
            "--Security:AgentNames=spiffe://x/agent",
            "--Security:TokenSkewSeconds=301",
            "--Limits:CallsPerSecond=abc",
            "--Limits:CallsBurst=5",
            "--Limits:ConnectionsMax=0",
            "--Nodes:NodesMax=99999999999");

        Assert.Equal(
            "Cannot start: The configuration is wrong: "
            + "Nodes:NodesMax is '99999999999'; must be a whole number of 32 bits; "
            + "Security:Mode is 'Foo'; must be one of None, MutualTls, Token, MutualTlsOrToken; "
            + "Limits:CallsPerSecond is 'abc'; must be a whole number; "
            + "Limits:ConnectionsMax is 0; must be 1 to 1000000; "
            + "urls has 'ftp://127.0.0.1:0'; must begin with http:// or https://; "
            + "Security:AgentNames has 'spiffe://x/agent'; must be a URI or DNS name with {node} once; "
            + "Security:TokenSkewSeconds is 301; must be 0 to 300.",
            line);
    }

    [Fact]
    public async Task A_permission_that_cannot_be_read_is_not_told_to_be_missing()
    {
        var line = await FailedStart.LineAsync(_directory.Path, "--urls=http://0.0.0.0:0", "--Security:AllowUnauthenticatedNetwork=yes");

        Assert.Equal("Cannot start: The configuration is wrong: Security:AllowUnauthenticatedNetwork is 'yes'; must be true or false.", line);
    }

    [Fact]
    public async Task A_burst_without_a_rate_is_named() => Assert.Contains(
        "Limits:CallsBurst is 5, but Limits:CallsPerSecond is 0; a burst needs a rate",
        await FailedStart.LineAsync(_directory.Path, "--Limits:CallsBurst=5"),
        StringComparison.Ordinal);

    [Fact]
    public async Task Snapshots_that_would_be_kept_otherwise_than_told_are_named()
    {
        var line = await FailedStart.LineAsync(
            _directory.Path, "--Retention:SnapshotHours=100", "--Retention:SnapshotMinuteHours=10", "--Retention:SnapshotHourHours=5");

        Assert.Contains("Retention:SnapshotMinuteHours is 10; must be at least Retention:SnapshotHours, which is 100", line, StringComparison.Ordinal);
        Assert.Contains("Retention:SnapshotHourHours is 5; must be 0 or at least Retention:SnapshotMinuteHours, which is 10", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("junk", "'junk' is no setting of the form --name=value")]
    [InlineData("--Nodes:QueueDepthMax", "'--Nodes:QueueDepthMax' is no setting of the form --name=value")]
    [InlineData("--url=http://127.0.0.1:0", "url is no setting; did you mean urls?")]
    [InlineData("-x=1", "'-x=1'")]
    public async Task An_argument_that_would_be_passed_over_is_named(string argument, string named) =>
        Assert.Contains(named, await FailedStart.LineAsync(_directory.Path, argument), StringComparison.Ordinal);

    [Fact]
    public async Task A_settings_file_that_is_no_json_is_named_with_the_place()
    {
        // The file of an environment of this test's own, beside the program's other settings.
        var environment = Unique.Id($"test-{Environment.ProcessId}");
        var file = Path.Combine(Path.GetDirectoryName(ServiceProcess.ServerPath)!, $"appsettings.{environment}.json");
        await File.WriteAllTextAsync(file, """{ "Nodes": { "NodesMax": } }""");
        try
        {
            var line = await FailedStart.LineAsync(_directory.Path, $"--environment={environment}");

            Assert.Contains(file, line, StringComparison.Ordinal);
            Assert.Contains("LineNumber: 0", line, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Every_variable_of_telemetry_that_would_be_passed_over_is_named()
    {
        var wrong = new Dictionary<string, (string Value, string Rule)>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = ("garbage", "an address such as http://127.0.0.1:4317"),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = ("foo", "grpc or http/protobuf"),
            ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = ("HTTP/PROTOBUF", "grpc or http/protobuf, in small letters"),
            ["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = ("memory", "in_memory or disk"),
            ["OTEL_EXPORTER_OTLP_LOGS_TIMEOUT"] = ("-1", "a whole number above 0"),
            ["OTEL_METRIC_EXPORT_INTERVAL"] = ("10s", "a whole number above 0"),
            ["OTEL_RESOURCE_ATTRIBUTES"] = ("production", "of the form name=value,name=value"),
            ["OTEL_TRACES_SAMPLER"] = ("foo", "always_on or always_off"),
            ["OTEL_TRACES_SAMPLER_ARG"] = ("7", "a number from 0 to 1"),
            ["OTEL_EXPORTER_OTLP_COMPRESSION"] = ("bogus", "none or gzip"),
            ["OTEL_EXPORTER_OTLP_LOGS_COMPRESSION"] = ("deflate", "none or gzip"),
            ["OTEL_PROPAGATORS"] = ("b3", "tracecontext or baggage"),
            ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"] = ("abc", "a whole number, 0 or more"),
            ["OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT"] = ("-1", "a whole number, 0 or more"),
            ["OTEL_METRICS_EXEMPLAR_FILTER"] = ("bogus", "always_on or always_off or trace_based"),
            ["OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"] = ("bogus", "explicit_bucket_histogram or base2"),
            ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"] = ("bogus", "cumulative or delta or lowmemory"),
            ["OTEL_METRICS_EXPORTER"] = ("prometheus", "otlp or none"),
            ["OTEL_SDK_DISABLED"] = ("no", "true or false"),
        };

        var line = await FailedStart.LineAsync(
            _directory.Path, wrong.ToDictionary(variable => variable.Key, variable => variable.Value.Value), "--OTEL_EXPORTER_OTLP_HEADERS=secret-key");

        Assert.All(
            wrong,
            variable => Assert.Contains($"{variable.Key} is '{variable.Value.Value}'; must be {variable.Value.Rule}", line, StringComparison.Ordinal));
        Assert.Contains("OTEL_EXPORTER_OTLP_HEADERS must be of the form name=value,name=value", line, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-key", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_propagators_that_the_specification_has_by_default_are_right()
    {
        await using var service = await ServiceProcess.StartAsync(
            _directory.Path, "--OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9", "--OTEL_PROPAGATORS=tracecontext,baggage");
    }

    [Fact]
    public async Task Where_nothing_is_sent_the_variables_of_sending_are_not_looked_at()
    {
        await using var service = await ServiceProcess.StartAsync(_directory.Path, "--OTEL_TRACES_SAMPLER=foo");
    }
}
