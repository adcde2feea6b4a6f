using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.History;

/// <summary>Which events a caller wants. Empty, null and nothing match all.</summary>
internal sealed record EventQuery(
    NodeId? Node, string InstanceId, string Actor, ClaimId? ClaimId, MigrationId? MigrationId, HashSet<V1.EventKind> Kinds, Instant? Start, Instant? End)
{
    /// <summary>
    /// The same as questions to the store, of which each goes on where the one before ends: one, or one for each node that had the name asked for.
    /// </summary>
    /// <param name="position">Where to go on.</param>
    /// <param name="newest">The newest revision that counts.</param>
    /// <param name="oldest">The revision after which events count.</param>
    /// <param name="newestFirst">Whether the newest come first.</param>
    /// <param name="names">Who had which name when.</param>
    /// <param name="current">The node with the name now; 0 for none.</param>
    public IEnumerable<EventFilter> ToFilters(long position, long newest, long oldest, bool newestFirst, NodeNames names, int current)
    {
        var all = ToFilter(position, newest, oldest, newestFirst);
        if (Node is not { } node)
            return [all];
        var parts = names.NodesOf(node, current)
            .Select(part => all with { NodeKey = part.NodeKey, After = Math.Max(all.After, part.After), Until = Math.Min(all.Until, part.Until) })
            .Where(part => part.After < part.Until);
        return newestFirst ? parts.Reverse() : parts;
    }

    private EventFilter ToFilter(long position, long newest, long oldest, bool newestFirst) => new()
    {
        After = newestFirst ? oldest : position,
        Until = newestFirst ? position - 1 : newest,
        NewestFirst = newestFirst,
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
    /// <param name="recorded">The event.</param>
    /// <param name="names">Who had which name when.</param>
    /// <param name="current">Finds the node with a name now; 0 for none.</param>
    public bool Takes(LedgerEvent recorded, NodeNames names, Func<NodeId, int> current) =>
        (Node is not { } node || recorded.Concerns(names.NodeAt(node, recorded.Revision, current(node))))
        && (InstanceId.Length == 0 || string.Equals(InstanceId, recorded.InstanceId?.Value, StringComparison.Ordinal))
        && (Actor.Length == 0 || string.Equals(Actor, recorded.Actor, StringComparison.Ordinal))
        && (Kinds.Count == 0 || Kinds.Contains(ContractMapping.ToContract(recorded.Kind)));
}
