namespace ResourceService.Server.Options;

/// <summary>How long history is kept. Configuration section <c>Retention</c>. What holds resources is kept as long as it does.</summary>
public sealed class RetentionOptions
{
    /// <summary>
    /// Events and audits, in hours; events never less than requests are remembered, whose answers lie in their events. 0 is for ever. Default: 30 days.
    /// 0 to 1,000,000.
    /// </summary>
    public int EventHours { get; set; } = 30 * 24;

    /// <summary>Claims and moves after they ended, in hours. 0 is for ever. Default: 30 days. 0 to 1,000,000.</summary>
    public int EndedClaimHours { get; set; } = 30 * 24;

    /// <summary>Usage snapshots as they were taken, in hours; then one per minute is kept. 1 to 1,000,000.</summary>
    public int SnapshotHours { get; set; } = 1;

    /// <summary>Usage snapshots one per minute, in hours; then one per hour is kept. 1 to 1,000,000.</summary>
    public int SnapshotMinuteHours { get; set; } = 24;

    /// <summary>Usage snapshots one per hour, in hours. 0 is for ever. Default: 30 days. 0 to 1,000,000.</summary>
    public int SnapshotHourHours { get; set; } = 30 * 24;

    /// <summary>Refused claims, in hours. 0 is for ever. Default: 7 days. 0 to 1,000,000.</summary>
    public int RefusalHours { get; set; } = 7 * 24;

    /// <summary>
    /// The most refused claims that are kept, about a kilobyte each; then the oldest go. 0 keeps none. 0 to 10,000,000.
    /// </summary>
    public int RefusalsMax { get; set; } = 100_000;

    /// <summary>
    /// The most rows deleted in one step. A step rides in a transaction of claims: 500 rows add a millisecond or two to it. 1 to 100,000.
    /// </summary>
    public int StepRows { get; set; } = 500;

    /// <summary>How long between two sweeps, in seconds. 1 to 86,400.</summary>
    public int IntervalSeconds { get; set; } = 600;
}
