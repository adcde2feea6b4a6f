namespace ResourceService.Server.Options;

/// <summary>When audits and the sweep find something late. Configuration section <c>Audits</c>.</summary>
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
}
