using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Server.Nodes;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Audits;

/// <summary>
/// Looks after the nodes by itself, a bounded part of them at each tick: ends leases that the lease clock missed, shortens those that a
/// wrong clock wrote into the store, and counts the moves that stand still and the nodes that nobody audits. What it counts is known after each round over all
/// nodes; an operator hears of it when it changes.
/// </summary>
internal sealed class AuditLoop(
    NodeDirectory nodes, FleetServices fleet, AuditOptions options, ServiceMetrics metrics, LedgerClock clock, BackgroundWork work, ILogger<AuditLoop> logger)
    : BackgroundService
{
    // The clock ends a lease within milliseconds; what is older than this was missed.
    private static readonly TimeSpan _missedAfter = TimeSpan.FromSeconds(5);

    private int _next;
    private SweepFindings _found;
    private SweepFindings _told;

    /// <summary>Looks at the next part of the nodes.</summary>
    public void Sweep()
    {
        var now = fleet.Now;
        var limits = LimitsAt(now);
        var all = nodes.All;
        var end = Math.Min(all.Length, _next + options.SweptNodesMax);
        while (_next < end)
        {
            var worker = all[_next++];
            work.Run(BackgroundTask.Sweep, () => LookAt(worker, now, limits));
        }

        if (_next < all.Length)
            return;

        metrics.Swept(_found);
        if (_found.StaleMigrations != _told.StaleMigrations && _found.StaleMigrations > 0)
            logger.StaleMigrations(_found.StaleMigrations, options.StaleMigrationMinutes);
        if (_found.OverdueNodes != _told.OverdueNodes && _found.OverdueNodes > 0)
            logger.OverdueAudits(_found.OverdueNodes, options.OverdueMinutes);
        (_told, _found, _next) = (_found, default, 0);
    }

    private void LookAt(NodeWorker worker, Instant now, SweepLimits limits)
    {
        var found = SweepRules.Look(worker.View, limits);
        _found = _found.Plus(found);
        if (found.MissedLeases > 0)
        {
            worker.ExpireLeasesNow(now);
            logger.LeasesMissed(found.MissedLeases, worker.View.Id.Value);
        }

        worker.BoundLeases();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(options.SweepIntervalSeconds), clock);
        try
        {
            while (await ticks.WaitForNextTickAsync(stoppingToken))
                work.Run(BackgroundTask.Sweep, Sweep);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    private SweepLimits LimitsAt(Instant now) => new(
        now.Add(-_missedAfter),
        now.Add(-TimeSpan.FromMinutes(options.StaleMigrationMinutes)),
        options.OverdueMinutes == 0 ? null : now.Add(-TimeSpan.FromMinutes(options.OverdueMinutes)));
}
