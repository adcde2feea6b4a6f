using System.Globalization;

namespace ResourceService.Server.Telemetry;

/// <summary>
/// What the standard variables must be where something is sent: the library passes over a wrong one in silence, and what was asked for is sent
/// nowhere, or all of it where a part was asked for. Values of headers are never told: they are keys.
/// </summary>
internal static class TelemetryRules
{
    private static readonly string[] _signals = ["TRACES", "METRICS", "LOGS"];

    private static readonly string[] _samplers =
        ["always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"];

    // Spans of time and numbers of things alike.
    private static readonly string[] _numbers =
    [
        "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_BLRP_EXPORT_TIMEOUT", "OTEL_BLRP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT",
    ];

    // The most of something on a span, an event, a link or a line; 0 sends none of it.
    private static readonly string[] _limits =
    [
        "OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    ];

    /// <summary>What is wrong; nothing when all is well, or nothing is sent.</summary>
    public static IEnumerable<string> Violations(IConfiguration configuration)
    {
        var rules = _signals.Select(signal => ($"OTEL_{signal}_EXPORTER", OneOf(["otlp", "none"], mayBeSeveral: true)))
            .Append(("OTEL_SDK_DISABLED", OneOf(["true", "false"])));
        if (Array.Exists(_signals, signal => TelemetryComposition.IsSent(configuration, signal)))
            rules = rules.Concat(OfSending());
        return from rule in rules
               let value = configuration[rule.Item1]
               where !string.IsNullOrWhiteSpace(value)
               let expected = rule.Item2(value)
               where expected is not null
               select rule.Item1.EndsWith("HEADERS", StringComparison.Ordinal) ? $"{rule.Item1} must be {expected}" : $"{rule.Item1} is '{value}'; must be {expected}";
    }

    // Each gives what a value must be, or null when it is.
    private static IEnumerable<(string Variable, Func<string, string?> Rule)> OfSending() =>
    [
        .. from part in _signals.Select(signal => $"{signal}_").Prepend("")
           let prefix = $"OTEL_EXPORTER_OTLP_{part}"
           from rule in new (string, Func<string, string?>)[]
           {
               ($"{prefix}ENDPOINT", Endpoint), ($"{prefix}PROTOCOL", Protocol), ($"{prefix}TIMEOUT", Number), ($"{prefix}HEADERS", Pairs),
               ($"{prefix}COMPRESSION", OneOf(["none", "gzip"])),
           }
           select rule,
        .. _numbers.Select(variable => (variable, (Func<string, string?>)Number)),
        .. _limits.Select(variable => (variable, (Func<string, string?>)NumberOrZero)),
        ("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", OneOf(["explicit_bucket_histogram", "base2_exponential_bucket_histogram"])),
        ("OTEL_METRICS_EXEMPLAR_FILTER", OneOf(["always_on", "always_off", "trace_based"])),
        // The service reads traceparent. Baggage, which the specification names beside it by default, is nothing that it could pass on.
        ("OTEL_PROPAGATORS", OneOf(["tracecontext", "baggage"], mayBeSeveral: true)),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", OneOf(["cumulative", "delta", "lowmemory"])),
        ("OTEL_RESOURCE_ATTRIBUTES", Pairs),
        ("OTEL_TRACES_SAMPLER", OneOf(_samplers)),
        ("OTEL_TRACES_SAMPLER_ARG", Ratio),
        // The library ends the program when this is anything else.
        ("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", OneOf(["in_memory", "disk"])),
    ];

    private static Func<string, string?> OneOf(string[] words, bool mayBeSeveral = false) => value =>
        (mayBeSeveral ? value.Split(',', StringSplitOptions.TrimEntries) : [value]).All(word => words.Contains(word, StringComparer.OrdinalIgnoreCase))
            ? null
            : string.Join(" or ", words);

    // The one word that the library takes in small letters only: by others it would send gRPC.
    private static string? Protocol(string value) => value is "grpc" or "http/protobuf" ? null : "grpc or http/protobuf, in small letters";

    private static string? Endpoint(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
            ? null
            : "an address such as http://127.0.0.1:4317";

    private static string? Number(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? null : "a whole number above 0";

    private static string? NumberOrZero(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? null : "a whole number, 0 or more";

    private static string? Ratio(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio) && ratio is >= 0 and <= 1 ? null : "a number from 0 to 1";

    private static string? Pairs(string value) =>
        value.Split(',').All(pair => pair.IndexOf('=', StringComparison.Ordinal) > 0) ? null : "of the form name=value,name=value";
}
