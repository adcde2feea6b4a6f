using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage;

/// <summary>
/// Reads of durable history that do not live in memory. Safe from any thread; never waits behind the writer. Lists are read from the store as they are
/// gone through, once and without delay: what is not asked for is not in memory, and an unfinished one keeps the store from tidying up.
/// </summary>
public interface IClaimReader
{
    /// <summary>A claim in any state; null when the store has none with this sequence.</summary>
    Claim? FindClaim(long sequence);

    /// <summary>Claims in any of the states, by ascending sequence, from after one on.</summary>
    IEnumerable<Claim> ListClaims(ClaimFilter filter, long afterSequence, int limit);

    /// <summary>A move in any state; null when the store has none with this sequence.</summary>
    Migration? FindMigration(long sequence);

    /// <summary>Moves in any of the states, by ascending sequence, from after one on.</summary>
    IEnumerable<Migration> ListMigrations(MigrationFilter filter, long afterSequence, int limit);

    /// <summary>The answer kept for a remembered request; null when it is no longer kept.</summary>
    byte[]? FindReply(long answer);

    /// <summary>Events by revision.</summary>
    IEnumerable<LedgerEvent> ListEvents(EventFilter filter, int limit);

    /// <summary>The nodes that exchanged their names, as far as the events are kept, by ascending revision.</summary>
    IReadOnlyList<PastName> ListRenames();

    /// <summary>The oldest event's revision; 0 when there is none.</summary>
    long OldestRevision();

    /// <summary>Whether this ledger gave a revision or the one that follows it. Between epochs lie numbers that one gave which is gone.</summary>
    bool IsInHistory(long revision);

    /// <summary>An audit with its drifts; null when the store has none with this sequence.</summary>
    Audit? FindAudit(long sequence);

    /// <summary>Audits without their drifts, newest first.</summary>
    IEnumerable<Audit> ListAudits(AuditFilter filter, int limit);

    /// <summary>Refused claims, newest first. Their nodes are left out: they are in the body.</summary>
    IEnumerable<RefusalRecord> ListRefusals(RefusalFilter filter, int limit);

    /// <summary>
    /// A node's snapshots in a span of time, ascending, from after a moment on: the first, and then the next that is at least
    /// <paramref name="intervalMs"/> later, and so on.
    /// </summary>
    IEnumerable<UsageSnapshot> ListUsageSnapshots(int nodeKey, long afterTimeMs, long untilTimeMs, long intervalMs, int limit);

    /// <summary>
    /// All nodes (or one) from one consistent picture of the store: each as its claims say, beside the usage that was written for it.
    /// </summary>
    IReadOnlyList<StoredNode> ReadNodes(int? nodeKey);
}

/// <summary>Which claims to read. Null matches all.</summary>
public sealed record ClaimFilter(
    IReadOnlyCollection<ClaimState> States, int? NodeKey = null, string? InstanceId = null, string? ProjectId = null);

/// <summary>Which moves to read. Null matches all, and so do no types. The node is that of either end.</summary>
public sealed record MigrationFilter(
    IReadOnlyCollection<MigrationState> States, IReadOnlyCollection<MigrationType> Types, int? NodeKey = null, string? InstanceId = null);

/// <summary>A node in the store: the picture its claims make, and the usage row that must equal it.</summary>
public sealed record StoredNode(NodeView Node, ResourceAmounts RecordedUsage);
