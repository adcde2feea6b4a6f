using Microsoft.Extensions.Diagnostics.HealthChecks;
using ResourceService.Server.Nodes;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Health;

/// <summary>
/// Says when readiness or liveness changes, and why: one line per change, none per probe. What is nearly full is served, and has lines of its own; so
/// has a stop.
/// </summary>
internal sealed class HealthLog(StoppingSignal stop, ILogger<HealthLog> logger) : IHealthCheckPublisher
{
    /// <summary>On what must hold for calls to be sent here.</summary>
    public const string ReadyTag = "ready";

    /// <summary>On what must hold for the process to live on.</summary>
    public const string LiveTag = "live";

    private readonly Dictionary<string, bool> _served = new(StringComparer.Ordinal);

    /// <summary>The tag of checks, and the name that probes ask for.</summary>
    public static IReadOnlyList<(string Tag, string Name)> Names { get; } = [(ReadyTag, "readiness"), (LiveTag, "liveness")];

    // The host calls it with one report after the other.
    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        if (stop.Token.IsCancellationRequested)
            return Task.CompletedTask;
        foreach (var (tag, name) in Names)
        {
            var broken = report.Entries.Where(entry => entry.Value.Status == HealthStatus.Unhealthy && entry.Value.Tags.Contains(tag)).ToList();
            if (_served.TryGetValue(name, out var wasServed) && wasServed == (broken.Count == 0))
                continue;
            _served[name] = broken.Count == 0;
            if (broken.Count == 0)
                logger.Serving(name);
            else
                logger.NotServing(name, string.Join("; ", broken.Select(entry => entry.Value.Description ?? entry.Key)));
        }

        return Task.CompletedTask;
    }
}
