namespace ResourceService.Server.Options;

/// <summary>Where the service shows its metrics. Configuration section <c>Metrics</c>.</summary>
public sealed class MetricsOptions
{
    /// <summary>The port of the page <c>/metrics</c> in Prometheus' text format, on the addresses of <c>urls</c>; 0 (default) is no page.</summary>
    public int Port { get; set; }
}
