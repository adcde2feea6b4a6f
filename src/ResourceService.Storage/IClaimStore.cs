using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage;

/// <summary>
/// The one port to durable storage for the writer. One thread at a time calls it. Any exception means that the store is in doubt: nothing
/// is known of the last call until <see cref="Reopen"/> succeeded and what matters was read again.
/// </summary>
public interface IClaimStore : IDisposable
{
    /// <summary>Everything the service keeps in memory.</summary>
    /// <param name="remembered">How many of the latest remembered requests to read.</param>
    StoreContents Load(int remembered);

    /// <summary>The durable state of some nodes; nodes the store does not know are left out.</summary>
    IReadOnlyList<NodeView> LoadNodes(IReadOnlySet<int> nodeKeys);

    /// <summary>The requests remembered after a revision and after a number of those that changed nothing, and the newest of both.</summary>
    (IReadOnlyList<RememberedRequest> Requests, long LastRevision, long LastUnchangedRequest) LoadRequestsAfter(long revision, long number);

    /// <summary>Writes a batch in one transaction. It is durable when the call returns.</summary>
    void Commit(CommitBatch batch);

    /// <summary>
    /// Why changes that make the ledger grow should not be written, although they might still be: what ends or frees something needs the rest; null
    /// while there is room.
    /// </summary>
    string? NearlyFullBecause { get; }

    /// <summary>Looks whether there is room, and makes some. Called now and then, by any thread, also while <see cref="Commit"/> runs.</summary>
    void Tend();

    /// <summary>How much the store takes and may still take; null where that is not its own to say. Called by any thread, and waits for none.</summary>
    StoreSizes? Sizes { get; }

    /// <summary>Drops the connection, connects anew and makes one small durable write. Throws while the store cannot be written.</summary>
    void Reopen();
}

/// <summary>What a store holds at start.</summary>
/// <param name="Nodes">Every node ever registered, deleted ones included, with their live claims and the moves in flight to them.</param>
/// <param name="Requests">The latest remembered requests, oldest first.</param>
/// <param name="LastRevision">The newest revision that was given, or that numbers were raised to; 0 in a new store.</param>
/// <param name="LastUnchangedRequest">The highest number of a request that changed nothing; 0 in a new store.</param>
/// <param name="LastClaimSequence">The highest claim sequence ever given, which moves share; 0 in a new store.</param>
/// <param name="LastAuditSequence">The highest audit sequence ever given; 0 in a new store.</param>
/// <param name="UsageDifferences">Nodes whose usage row differs from the sum of their claims. There must be none.</param>
public sealed record StoreContents(
    IReadOnlyList<NodeView> Nodes, IReadOnlyList<RememberedRequest> Requests, long LastRevision, long LastUnchangedRequest, long LastClaimSequence,
    long LastAuditSequence, IReadOnlyList<UsageDifference> UsageDifferences)
{
    /// <summary>The time of the newest event; the least one in a new store.</summary>
    public Instant LastEventTime { get; init; }

    /// <summary>The number of the newest refused claim that is kept; 0 when there is none.</summary>
    public long LastRefusalSequence { get; init; }

    /// <summary>Above what the generations of new nodes begin; 0 unless the store was restored.</summary>
    public long GenerationFloor { get; init; }
}

/// <summary>What a store takes on its volume, in bytes.</summary>
/// <param name="Database">The database, what is free inside it included.</param>
/// <param name="Log">The write-ahead log.</param>
/// <param name="VolumeFree">What the service may still take of the volume, beside the reserve that it keeps.</param>
/// <param name="Volume">The whole volume.</param>
public sealed record StoreSizes(long Database, long Log, long VolumeFree, long Volume);

/// <summary>A node whose usage row is not the sum of its claims.</summary>
/// <param name="Node">The node.</param>
/// <param name="Recorded">What its row says.</param>
/// <param name="Summed">What its claims add up to, and what counts.</param>
public sealed record UsageDifference(NodeId Node, ResourceAmounts Recorded, ResourceAmounts Summed);
