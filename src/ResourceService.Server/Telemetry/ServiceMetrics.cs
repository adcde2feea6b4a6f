using System.Diagnostics.Metrics;
using ResourceService.Storage;

namespace ResourceService.Server.Telemetry;

/// <summary>Every instrument of the service.</summary>
internal sealed class ServiceMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "ResourceService";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _commits;
    private readonly Counter<long> _committedChanges;
    private readonly Counter<long> _storeFailures;
    private readonly Counter<long> _accessRefusals;

    public ServiceMetrics()
    {
        _commits = _meter.CreateCounter<long>("resource_service.commits", description: "Transactions made durable.");
        _committedChanges = _meter.CreateCounter<long>(
            "resource_service.committed_changes", description: "Changes made durable; several share a transaction.");
        _storeFailures = _meter.CreateCounter<long>("resource_service.store_failures", description: "Commits and reconnections that failed.");
        _accessRefusals = _meter.CreateCounter<long>(
            "resource_service.access_refusals", description: "Calls and TLS handshakes refused, by reason: who called, what for, or how much.");
    }

    /// <summary>A batch is durable.</summary>
    public void Committed(CommitBatch batch)
    {
        if (batch.IsEmpty)
            return;
        _commits.Add(1);
        _committedChanges.Add(batch.Events.Count);
    }

    /// <summary>The store failed.</summary>
    public void StoreFailed() => _storeFailures.Add(1);

    /// <summary>A caller was refused.</summary>
    public void AccessRefused(string reason) => _accessRefusals.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
