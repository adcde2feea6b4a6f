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

    public ServiceMetrics()
    {
        _commits = _meter.CreateCounter<long>("resource_service.commits", description: "Transactions made durable.");
        _committedChanges = _meter.CreateCounter<long>(
            "resource_service.committed_changes", description: "Changes made durable; several share a transaction.");
        _storeFailures = _meter.CreateCounter<long>("resource_service.store_failures", description: "Commits and reconnections that failed.");
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

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
