namespace ResourceService.Server.Options;

/// <summary>Bounds of the nodes' workers. Configuration section <c>Nodes</c>.</summary>
public sealed class NodeOptions
{
    /// <summary>
    /// The most changes that wait for one node. A decision takes microseconds, so a longer queue means a caller that repeats itself; it is told
    /// UNAVAILABLE and when to come back. 1 to 1,000,000.
    /// </summary>
    public int QueueDepthMax { get; set; } = 4_096;

    /// <summary>The most changes in flight in all, waiting for a decision or for the disk. Bounds memory. 1 to 10,000,000.</summary>
    public int InFlightMax { get; set; } = 65_536;

    /// <summary>The most node ids that may ever be registered. Bounds memory. 1 to 10,000,000.</summary>
    public int NodesMax { get; set; } = 200_000;

    /// <summary>How often the usage of changed nodes is kept for plots, in seconds. 1 to 86,400.</summary>
    public int SnapshotIntervalSeconds { get; set; } = 10;
}
