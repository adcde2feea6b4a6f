using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage;

/// <summary>
/// What one transaction writes, gathered from the entries of a batch in their order: each node once as it is in the end, new claims once,
/// later changes of claims in order, one event per change.
/// </summary>
public sealed class CommitBatch
{
    private readonly Dictionary<int, NodeUpdate> _nodes = [];
    private readonly List<Claim> _addedClaims = [];
    private readonly List<Claim> _changedClaims = [];
    private readonly Dictionary<long, Claim> _rewrittenClaims = [];
    private readonly List<Migration> _addedMigrations = [];
    private readonly List<Migration> _changedMigrations = [];
    private readonly List<Audit> _audits = [];
    private readonly List<PastName> _renames = [];
    private readonly List<UsageSnapshot> _snapshots = [];
    private readonly List<RetentionStep> _retention = [];
    private readonly List<RefusalWrite> _refusals = [];
    private readonly List<(long Number, RequestOrigin Origin, Instant? Time)> _unchangedRequests = [];
    private readonly List<(RequestOrigin Origin, long Answer)> _innerRequests = [];
    private readonly List<LedgerEvent> _events;
    private readonly List<RequestOrigin> _origins;

    /// <summary>Starts a batch.</summary>
    /// <param name="lastRevision">The revision that the first event follows.</param>
    /// <param name="lastUnchangedRequest">The number that the first request without a change follows.</param>
    /// <param name="entries">About how many entries there will be.</param>
    /// <param name="lastTime">The time of the event before the first.</param>
    public CommitBatch(long lastRevision, long lastUnchangedRequest = 0, int entries = 0, Instant lastTime = default)
    {
        LastTime = lastTime;
        LastRevision = lastRevision;
        LastUnchangedRequest = lastUnchangedRequest;
        _events = new List<LedgerEvent>(entries);
        _origins = new List<RequestOrigin>(entries);
    }

    /// <summary>
    /// When it is written, by the clock that retention goes by; the machine's time where nobody says. Of it requests that changed nothing are remembered.
    /// </summary>
    public Instant? Time { get; init; }

    /// <summary>The revision of the newest event in the batch, or of the one before it.</summary>
    public long LastRevision { get; private set; }

    /// <summary>The time of the newest event in the batch, or of the one before it. No event is earlier than the one before.</summary>
    public Instant LastTime { get; private set; }

    /// <summary>The number of the newest request that changed nothing.</summary>
    public long LastUnchangedRequest { get; private set; }

    /// <summary>Accepted requests that carry an id and no event of their own: they changed nothing, or were carried out inside another request.</summary>
    public IReadOnlyList<(long Number, RequestOrigin Origin, Instant? Time)> UnchangedRequests => _unchangedRequests;

    /// <summary>Those of <see cref="UnchangedRequests"/> that were carried out inside another request: nobody else is told where their answers are.</summary>
    public IReadOnlyList<(RequestOrigin Origin, long Answer)> InnerRequests => _innerRequests;

    /// <summary>The nodes changed, each once.</summary>
    public IReadOnlyCollection<NodeUpdate> Nodes => _nodes.Values;

    /// <summary>Claims that began in this batch, as they began.</summary>
    public IReadOnlyList<Claim> AddedClaims => _addedClaims;

    /// <summary>Claims that changed in state, lease or instance only, once per change, in order.</summary>
    public IReadOnlyList<Claim> ChangedClaims => _changedClaims;

    /// <summary>Claims of which more changed, each once, as they are in the end. To be written after <see cref="ChangedClaims"/>.</summary>
    public IReadOnlyCollection<Claim> RewrittenClaims => _rewrittenClaims.Values;

    /// <summary>Moves that began in this batch, as they began.</summary>
    public IReadOnlyList<Migration> AddedMigrations => _addedMigrations;

    /// <summary>Moves that changed, once per change, in order.</summary>
    public IReadOnlyList<Migration> ChangedMigrations => _changedMigrations;

    /// <summary>Audits made, in order.</summary>
    public IReadOnlyList<Audit> Audits => _audits;

    /// <summary>Usage to keep.</summary>
    public IReadOnlyList<UsageSnapshot> Snapshots => _snapshots;

    /// <summary>History to delete.</summary>
    public IReadOnlyList<RetentionStep> Retention => _retention;

    /// <summary>Refused claims to keep.</summary>
    public IReadOnlyList<RefusalWrite> Refusals => _refusals;

    /// <summary>How long the transaction took, disk flush included; set once it is durable.</summary>
    public TimeSpan Elapsed { get; internal set; }

    /// <summary>One event per change, by ascending revision.</summary>
    public IReadOnlyList<LedgerEvent> Events => _events;

    /// <summary>Who caused the event at the same place. Only the first event of a request carries its answer, so it is remembered once.</summary>
    public IReadOnlyList<RequestOrigin> Origins => _origins;

    /// <summary>Nodes that exchanged their names, in order.</summary>
    public IReadOnlyList<PastName> Renames => _renames;

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsEmpty =>
        _events.Count == 0 && _snapshots.Count == 0 && _unchangedRequests.Count == 0 && _retention.Count == 0 && _refusals.Count == 0;

    /// <summary>Whether the transaction left anything new on the disk; looking in vain for history to delete does not.</summary>
    public bool HasWritten => _events.Count > 0 || _snapshots.Count > 0 || _unchangedRequests.Count > 0 || _refusals.Count > 0
        || _retention.Exists(step => step.DeletedCount > 0);

    /// <summary>A node as the batch leaves it.</summary>
    /// <param name="GenerationBefore">The generation the store must still have; 0 for a node it does not know.</param>
    /// <param name="After">The node in the end.</param>
    /// <param name="SpecChanged">Whether more than usage changed.</param>
    /// <param name="IsRenamed">Whether its name changed, maybe to one that another node of the batch has until then.</param>
    public readonly record struct NodeUpdate(long GenerationBefore, NodeView After, bool SpecChanged, bool IsRenamed);

    /// <summary>Takes an entry's changes and says where a retry will find its answer; 0 when it carries none.</summary>
    public long Add(CommitEntry entry)
    {
        var origin = entry.Origin;
        var answer = origin.Reply is null ? 0 : entry.Nodes.Count > 0 ? LastRevision + 1 : AddUnchanged(origin);
        var audit = AuditOf(entry);
        if (audit is not null)
            _audits.Add(audit);
        foreach (var node in entry.Nodes)
        {
            var before = node.Before;
            foreach (var applied in node.Changes)
            {
                AddChange(before, applied, origin);
                if (audit is not null)
                    _events[^1] = _events[^1] with { AuditId = audit.Id };
                before = applied.After;
                origin = origin with { Reply = null };
            }

            AddNode(node);
        }

        for (var i = 0; i < entry.InnerRequests.Count; i++)
            _innerRequests.Add((entry.InnerRequests[i], AddUnchanged(entry.InnerRequests[i])));
        _snapshots.AddRange(entry.Snapshots);
        if (entry.Retention is { } step)
            _retention.Add(step);
        if (entry.Refusals is { } refusals)
            _refusals.Add(refusals);
        return answer;
    }

    // An audit is the last of the changes of its node. What it changes on other nodes came of it as well.
    private static Audit? AuditOf(CommitEntry entry)
    {
        foreach (var node in entry.Nodes)
        {
            if (node.Changes[^1].Change is NodeAudited { Audit: var audit })
                return audit;
        }

        return null;
    }

    private long AddUnchanged(RequestOrigin origin)
    {
        LastUnchangedRequest++;
        _unchangedRequests.Add((LastUnchangedRequest, origin, Time));
        return -LastUnchangedRequest;
    }

    private void AddNode(NodeCommit node)
    {
        var after = node.Changes[^1].After;
        var (specChanged, isRenamed) = (false, false);
        foreach (var applied in node.Changes)
        {
            isRenamed |= applied.Change is NodeRenamed;
            specChanged |= applied.Change is NodeRegistered or NodeFieldsChanged or NodeStateChanged or NodeRenamed;
        }

        _nodes[after.NodeKey] = _nodes.TryGetValue(after.NodeKey, out var earlier)
            ? new NodeUpdate(earlier.GenerationBefore, after, earlier.SpecChanged || specChanged, earlier.IsRenamed || isRenamed)
            : new NodeUpdate(node.Before.Generation, after, specChanged, isRenamed);
    }

    private void AddChange(NodeView before, AppliedChange applied, RequestOrigin origin)
    {
        LastRevision++;
        // Decided before the change that was handed in before it: it is told in the order in which both became durable.
        if (applied.Change.Time > LastTime)
            LastTime = applied.Change.Time;
        _origins.Add(origin);
        switch (applied.Change)
        {
            case ClaimChanged change:
                AddClaim(change.Before, change.After);
                _events.Add(ClaimEvent(change, change.Before, change.After, applied.After, origin));
                break;

            case MigrationChanged change:
                AddClaim(change.TargetBefore, change.TargetAfter);
                (change.Before is null ? _addedMigrations : _changedMigrations).Add(change.After);
                _events.Add(ClaimEvent(change, change.TargetBefore, change.TargetAfter, applied.After, origin) with
                {
                    MigrationId = change.After.Id,
                    MovedFrom = change.After.Source.NodeKey,
                    MigrationBefore = change.Before?.State,
                    MigrationAfter = change.After.State,
                });
                break;

            case NodeRenamed renamed:
                _events.Add(RenameEvent(before, renamed, applied, origin));
                foreach (var claim in applied.After.Claims.Values)
                    AddClaim(claim, claim);
                // The event of the other node, which ends the old name, comes right before this one.
                if (renamed.OtherKey is { } other)
                    _renames.Add(new PastName(LastRevision - 1, before.NodeKey, other, before.Id, applied.After.Id));
                break;

            default:
                _events.Add(NodeEvent(before, applied, origin));
                break;
        }
    }

    private void AddClaim(Claim? before, Claim after)
    {
        if (before is null)
            _addedClaims.Add(after);
        else if (IsRewritten(before, after) || _rewrittenClaims.ContainsKey(after.Id.Sequence))
            _rewrittenClaims[after.Id.Sequence] = after;
        else
            _changedClaims.Add(after);
    }

    // Claims of one size share their request, and hardly any claim is given another one: references tell most.
    private static bool IsRewritten(Claim before, Claim after) =>
        before.Role != after.Role
        || !(ReferenceEquals(before.Request, after.Request) || before.Request == after.Request)
        || !(ReferenceEquals(before.Assignment, after.Assignment) || before.Assignment == after.Assignment);

    private LedgerEvent ClaimEvent(LedgerChange change, Claim? before, Claim after, NodeView node, RequestOrigin origin)
    {
        var migration = (change as ClaimChanged)?.Migration;
        var instanceChanged = before is not null && before.Instance != after.Instance;
        return new LedgerEvent
        {
            Revision = LastRevision,
            Time = LastTime,
            Kind = change.Kind,
            NodeKey = node.NodeKey,
            Generation = node.Generation,
            Actor = origin.Actor,
            UsedAfter = node.UsedByClass(),
            ClaimCount = node.Claims.Count,
            NodeState = node.State,
            Reason = change.Reason,
            RequestId = origin.RequestId,
            StateBefore = (int?)before?.State,
            StateAfter = (int)after.State,
            InstanceId = after.Instance.Id,
            ClaimId = after.Id,
            IsOfObserved = after.Role == ClaimRole.Observed,
            Amounts = after.Amounts,
            AmountsBefore = before is null || before.Amounts.Equals(after.Amounts) ? null : before.Amounts,
            LeaseBefore = before?.LeaseEnd,
            LeaseAfter = after.LeaseEnd,
            InstanceBefore = instanceChanged ? before!.Instance : null,
            InstanceAfter = instanceChanged ? after.Instance : null,
            MigrationId = migration?.Id ?? (after.Role == ClaimRole.MoveTarget ? MigrationId.Of(after.Id) : null),
            MovedFrom = migration?.Source.NodeKey,
        };
    }

    // What had the new name before is none of the history of the old one, which ends here.
    private LedgerEvent RenameEvent(NodeView before, NodeRenamed renamed, AppliedChange applied, RequestOrigin origin) => NodeEvent(before, applied, origin) with
    {
        StateBefore = (int)renamed.StateBefore,
        SpecBefore = renamed.OtherKey is null ? null : before.Spec,
        SpecAfter = renamed.OtherKey is null ? null : applied.After.Spec,
        MovedFrom = renamed.OtherKey,
    };

    private LedgerEvent NodeEvent(NodeView before, AppliedChange applied, RequestOrigin origin)
    {
        var (change, after) = applied;
        var specChanged = !ReferenceEquals(before.Spec, after.Spec);
        var isAudit = change is NodeAudited;
        return new LedgerEvent
        {
            Revision = LastRevision,
            Time = LastTime,
            Kind = change.Kind,
            NodeKey = after.NodeKey,
            Generation = after.Generation,
            Actor = origin.Actor,
            UsedAfter = after.UsedByClass(),
            ClaimCount = after.Claims.Count,
            NodeState = after.State,
            Reason = change.Reason,
            RequestId = origin.RequestId,
            StateBefore = before.Exists && !isAudit ? (int)before.State : null,
            StateAfter = isAudit ? null : (int)after.State,
            SpecBefore = specChanged && before.Exists ? before.Spec : null,
            SpecAfter = specChanged ? after.Spec : null,
        };
    }
}
