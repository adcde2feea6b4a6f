using System.Diagnostics.Tracing;
using System.Globalization;

namespace ResourceService.Server.Telemetry;

/// <summary>
/// Hears what the OpenTelemetry library says of itself: what cannot be sent is counted, and logged with one line per kind of failure and minute. The
/// library logs nothing, and what it could not send is gone.
/// </summary>
internal sealed class TelemetryFailures(ServiceMetrics metrics, TimeProvider time, ILogger<TelemetryFailures> logger) : EventListener
{
    private const string SourcePrefix = "OpenTelemetry-";
    private const string Other = "other";

    // Nothing is lost by these: a meter or a signal that nobody asked for, a client made in another way, and an authority of the user's own that this
    // machine does not know by itself; what it does not vouch for fails under a name of its own.
    private static readonly HashSet<string> _losesNothing =
    [
        "MetricInstrumentIgnored", "MeterProviderNotRegistered", "TracerProviderNotRegistered", "LoggerProviderNotRegistered",
        "HttpClientFactoryUnavailable", "MtlsCertificateChainValidationFailed",
    ];

    // There are some dozens of kinds, of which a run meets few.
    private const int KindsMax = 32;
    private const int TextLengthMax = 300;
    private static readonly TimeSpan _betweenLines = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Kind> _kinds = new(StringComparer.Ordinal);

    // Called also for the sources that were there before, while the base class is made: none of the fields of this one is needed.
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name.StartsWith(SourcePrefix, StringComparison.Ordinal))
            EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        var name = eventData.EventName ?? Other;
        if (_losesNothing.Contains(name))
            return;
        long count;
        lock (_gate)
        {
            if (!_kinds.TryGetValue(name, out var kind))
            {
                if (_kinds.Count >= KindsMax)
                    name = Other;
                if (!_kinds.TryGetValue(name, out kind))
                    _kinds.Add(name, kind = new Kind());
            }

            count = kind.Note(time.GetTimestamp(), time);
        }

        metrics.TelemetryFailed(name);
        if (count > 0)
            logger.TelemetryFailed(count, name, Text(eventData));
    }

    // The first line: behind it stands where in the library it happened.
    private static string Text(EventWrittenEventArgs failure)
    {
        var text = string.Format(CultureInfo.InvariantCulture, failure.Message ?? "{0}", [.. failure.Payload ?? [], "", "", "", ""]).Split('\n')[0].Trim();
        return text.Length <= TextLengthMax ? text : text[..TextLengthMax] + "...";
    }

    // One kind of failure: how often it happened since its last line.
    private sealed class Kind
    {
        private long? _lastLine;
        private long _untold;

        // How many a line is to tell of now; 0 for no line.
        public long Note(long now, TimeProvider time)
        {
            _untold++;
            if (_lastLine is { } last && time.GetElapsedTime(last, now) < _betweenLines)
                return 0;
            (_lastLine, var told, _untold) = (now, _untold, 0);
            return told;
        }
    }
}
