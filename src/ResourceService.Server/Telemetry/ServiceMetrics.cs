using System.Diagnostics.Metrics;
using ResourceService.Ledger.Audits;
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
    private readonly Counter<long> _missedLeases;
    private SweepFindings _swept;

    public ServiceMetrics()
    {
        _commits = _meter.CreateCounter<long>("resource_service.commits", description: "Transactions made durable.");
        _committedChanges = _meter.CreateCounter<long>(
            "resource_service.committed_changes", description: "Changes made durable; several share a transaction.");
        _storeFailures = _meter.CreateCounter<long>("resource_service.store_failures", description: "Commits and reconnections that failed.");
        _missedLeases = _meter.CreateCounter<long>("resource_service.missed_leases", description: "Leases that the sweep ended instead of the clock.");
        _meter.CreateObservableGauge(
            "resource_service.stale_migrations", () => _swept.StaleMigrations, description: "Moves without progress for too long, when last counted.");
        _meter.CreateObservableGauge(
            "resource_service.overdue_audits", () => _swept.OverdueNodes, description: "Nodes not audited for too long, when last counted.");
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

    /// <summary>All nodes were looked at.</summary>
    public void Swept(SweepFindings findings)
    {
        _swept = findings;
        _missedLeases.Add(findings.MissedLeases);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
