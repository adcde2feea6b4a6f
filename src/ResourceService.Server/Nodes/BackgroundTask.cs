namespace ResourceService.Server.Nodes;

/// <summary>Which of the service's own tasks.</summary>
internal enum BackgroundTask
{
    /// <summary>Leases end.</summary>
    Leases,

    /// <summary>All nodes are looked after.</summary>
    Sweep,

    /// <summary>Old history is deleted.</summary>
    Retention,

    /// <summary>Usage is kept over time.</summary>
    Snapshots,

    /// <summary>Refused claims are kept.</summary>
    Refusals,
}
