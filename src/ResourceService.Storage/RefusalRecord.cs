using ResourceService.Ledger;

namespace ResourceService.Storage;

/// <summary>A claim that was refused, kept for those who ask later. No part of the ledger: nothing is decided by it.</summary>
/// <param name="Sequence">Its number: the later, the greater. One that is written twice is kept once.</param>
/// <param name="Time">When it was answered.</param>
/// <param name="Actor">Who asked.</param>
/// <param name="InstanceId">The instance that got nothing.</param>
/// <param name="ProjectId">Its project; empty when it is not known.</param>
/// <param name="Reason">The number of the contract's reason.</param>
/// <param name="NodeIds">The nodes that were named, each once.</param>
/// <param name="Body">The whole of it, as the contract has it.</param>
public sealed record RefusalRecord(
    long Sequence, Instant Time, string Actor, string InstanceId, string ProjectId, int Reason, IReadOnlyList<string> NodeIds, byte[] Body);

/// <summary>Refusals to keep, and how many.</summary>
/// <param name="Rows">The refusals, by ascending number.</param>
/// <param name="KeepFrom">Refusals with smaller numbers are too many.</param>
public sealed record RefusalWrite(IReadOnlyList<RefusalRecord> Rows, long KeepFrom);

/// <summary>Which refusals to read. Null matches all.</summary>
public sealed record RefusalFilter
{
    /// <summary>Only refusals before this one.</summary>
    public long Before { get; init; } = long.MaxValue;

    /// <summary>Only those in which this node was named.</summary>
    public string? NodeId { get; init; }

    /// <summary>Only those of this instance.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Only those of this project.</summary>
    public string? ProjectId { get; init; }

    /// <summary>Only those of this caller.</summary>
    public string? Actor { get; init; }

    /// <summary>Only those for one of these reasons; none for all.</summary>
    public IReadOnlyCollection<int> Reasons { get; init; } = [];

    /// <summary>Only refusals from this moment on, in Unix milliseconds.</summary>
    public long? StartMs { get; init; }

    /// <summary>Only refusals before this moment, in Unix milliseconds.</summary>
    public long? EndMs { get; init; }

    /// <summary>Whether a refusal is wanted: what the store decides of those that it has.</summary>
    public bool Takes(RefusalRecord refusal) =>
        refusal.Sequence < Before
        && (NodeId is null || refusal.NodeIds.Contains(NodeId))
        && (InstanceId is null || string.Equals(InstanceId, refusal.InstanceId, StringComparison.Ordinal))
        && (ProjectId is null || string.Equals(ProjectId, refusal.ProjectId, StringComparison.Ordinal))
        && (Actor is null || string.Equals(Actor, refusal.Actor, StringComparison.Ordinal))
        && (Reasons.Count == 0 || Reasons.Contains(refusal.Reason))
        && (StartMs is not { } start || refusal.Time.UnixMs >= start)
        && (EndMs is not { } end || refusal.Time.UnixMs < end);
}
