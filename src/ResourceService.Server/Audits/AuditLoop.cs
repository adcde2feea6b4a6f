using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Server.Nodes;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Audits;

/// <summary>
/// Looks after the nodes by itself, a bounded part of them at each tick: ends leases that the lease clock missed, as it does when the machine's
/// clock is set forward, and counts the moves that stand still and the nodes that nobody audits. What it counts is known after each round over all
/// nodes; an operator hears of it when it changes.
/// </summary>
internal sealed class AuditLoop(
    NodeDirectory nodes, FleetServices fleet, AuditOptions options, ServiceMetrics metrics, TimeProvider time, ILogger<AuditLoop> logger)
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
        for (; _next < end; _next++)
        {
            var found = SweepRules.Look(all[_next].View, limits);
            if (found.MissedLeases > 0)
            {
                all[_next].ExpireLeasesNow(now);
                logger.LeasesMissed(found.MissedLeases, all[_next].View.Id.Value);
            }

            _found = _found.Plus(found);
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

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(options.SweepIntervalSeconds), time);
        try
        {
            while (await ticks.WaitForNextTickAsync(stoppingToken))
                Sweep();
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
