using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Grpc;
using ResourceService.Storage;

namespace ResourceService.Server.History;

/// <summary>Which events a caller wants. Empty, null and nothing match all.</summary>
internal sealed record EventQuery(
    int? NodeKey, string InstanceId, string Actor, ClaimId? ClaimId, MigrationId? MigrationId, HashSet<V1.EventKind> Kinds, Instant? Start, Instant? End)
{
    /// <summary>The same as a question to the store.</summary>
    public EventFilter ToFilter(long position, long newest, long oldest, bool newestFirst) => new()
    {
        After = newestFirst ? oldest : position,
        Until = newestFirst ? position - 1 : newest,
        NewestFirst = newestFirst,
        NodeKey = NodeKey,
        InstanceId = InstanceId.Length == 0 ? null : InstanceId,
        Actor = Actor.Length == 0 ? null : Actor,
        ClaimSequence = ClaimId?.Sequence,
        MigrationSequence = MigrationId?.Sequence,
        Kinds = Kinds.Count == 0 ? [] : [.. Enum.GetValues<ChangeKind>().Where(kind => Kinds.Contains(ContractMapping.ToContract(kind)))],
        KindsAreLimited = Kinds.Count > 0,
        StartMs = Start?.UnixMs,
        EndMs = End?.UnixMs,
    };

    /// <summary>Whether one event is wanted.</summary>
    public bool Takes(LedgerEvent recorded) =>
        (NodeKey is not { } node || recorded.Concerns(node))
        && (InstanceId.Length == 0 || string.Equals(InstanceId, recorded.InstanceId?.Value, StringComparison.Ordinal))
        && (Actor.Length == 0 || string.Equals(Actor, recorded.Actor, StringComparison.Ordinal))
        && (Kinds.Count == 0 || Kinds.Contains(ContractMapping.ToContract(recorded.Kind)));
}
