namespace ResourceService.Server.Options;

/// <summary>What audits and the sweep find late, and what audits do only when it is confirmed. Configuration section <c>Audits</c>.</summary>
public sealed class AuditOptions
{
    /// <summary>A move without progress for longer is stale, in minutes: audits report it and the sweep counts it. 1 to 100,000.</summary>
    public int StaleMigrationMinutes { get; set; } = 60;

    /// <summary>A node that has not been audited for longer is overdue, in minutes; 0 (default) means that nobody has to audit. 0 to 100,000.</summary>
    public int OverdueMinutes { get; set; }

    /// <summary>How often the service looks after a part of its nodes by itself, in seconds. 1 to 3,600.</summary>
    public int SweepIntervalSeconds { get; set; } = 10;

    /// <summary>The most nodes that one sweep looks at; the next goes on behind them. Bounds its time. 1 to 1,000,000.</summary>
    public int SweptNodesMax { get; set; } = 10_000;

    /// <summary>
    /// How many orphaned claims of a node one report ends without confirming them. Few, for instances whose deletion went unheard are common, and
    /// little is lost if a report was wrong. 0 to 10,000.
    /// </summary>
    public int UnconfirmedOrphansMax { get; set; } = 2;

    /// <summary>What share of a node's ACTIVE claims, in percent, one report ends without confirming it. 100 lets every report end all. 0 to 100.</summary>
    public int UnconfirmedOrphanPercent { get; set; } = 25;
}
