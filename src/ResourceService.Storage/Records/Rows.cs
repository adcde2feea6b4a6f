using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage.Records;

/// <summary>A row of <c>nodes</c> with its row of <c>node_usage</c>.</summary>
internal sealed class NodeRow
{
    public long NodeKey { get; init; }
    public string Spec { get; init; } = "";
    public long State { get; init; }
    public string StateReason { get; init; } = "";
    public long RegisterTime { get; init; }
    public long Generation { get; init; }
    public string Used { get; init; } = "";
    public long FailedBuilds { get; init; }
    public long UpdateTime { get; init; }
    public long? AuditSeq { get; init; }
    public long? AuditTime { get; init; }

    /// <summary>The node with its claims and the moves to it.</summary>
    public NodeView Restore(IEnumerable<Claim> claims, IEnumerable<Migration> migrations) =>
        DamagedRow.Explain((Row: this, claims, migrations), static all => NodeView.Restore(all.Row.Read(), all.claims, all.migrations), static all => all.Row.Name);

    /// <summary>The usage recorded for it.</summary>
    public ResourceAmounts ReadUsed() => DamagedRow.Explain(this, static row => AmountsText.Read(row.Used), static row => row.Name);

    private string Name => $"node number {NodeKey}";

    private NodeView Read() => new()
    {
        NodeKey = (int)NodeKey,
        Spec = SpecText.Read(Spec),
        State = (NodeState)State,
        StateReason = StateReason,
        Generation = Generation,
        RegisterTime = RowTime.Read(RegisterTime),
        UpdateTime = RowTime.Read(UpdateTime),
        FailedBuilds = (int)FailedBuilds,
        LastAudit = AuditSeq is { } audit ? new AuditId((int)NodeKey, audit) : null,
        LastAuditTime = AuditTime is { } auditTime ? RowTime.Read(auditTime) : null,
    };
}

/// <summary>A row of <c>claims</c>.</summary>
internal sealed class ClaimRow
{
    public long ClaimSeq { get; init; }
    public long NodeKey { get; init; }
    public string InstanceId { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public string? Attributes { get; init; }
    public string Amounts { get; init; } = "";
    public string? Request { get; init; }
    public string? Assignment { get; init; }
    public long Role { get; init; }
    public long State { get; init; }
    public long? LeaseEnd { get; init; }
    public long CreateTime { get; init; }
    public long UpdateTime { get; init; }
    public long Generation { get; init; }
    public string? Reason { get; init; }

    public Claim ToClaim() => DamagedRow.Explain(this, static row => row.Read(), static row => $"claim {new ClaimId((int)row.NodeKey, row.ClaimSeq)}");

    private Claim Read() => new(
        new ClaimId((int)NodeKey, ClaimSeq),
        AttributesText.Read(InstanceId, ProjectId, Attributes),
        RequestText.Read(Amounts, Request),
        (ClaimState)State,
        LeaseEnd is { } leaseEnd ? RowTime.Read(leaseEnd) : null,
        RowTime.Read(CreateTime),
        RowTime.Read(UpdateTime),
        Reason ?? "")
    {
        Assignment = AssignmentText.Read(Assignment),
        Role = (ClaimRole)Role,
        Generation = Generation,
    };
}

/// <summary>A row of <c>migrations</c>.</summary>
internal sealed class MigrationRow
{
    public long MigrationSeq { get; init; }
    public long TargetKey { get; init; }
    public long SourceKey { get; init; }
    public long SourceSeq { get; init; }
    public long Type { get; init; }
    public string InstanceId { get; init; } = "";
    public long State { get; init; }
    public long? LeaseEnd { get; init; }
    public long CreateTime { get; init; }
    public long UpdateTime { get; init; }
    public long? EndTime { get; init; }
    public string? Reason { get; init; }
    public long Generation { get; init; }

    public Migration ToMigration() => DamagedRow.Explain(this, static row => row.Read(), static row => $"migration {new MigrationId((int)row.TargetKey, row.MigrationSeq)}");

    private Migration Read() => new(
        (MigrationType)Type,
        new InstanceId(InstanceId),
        new ClaimId((int)SourceKey, SourceSeq),
        new ClaimId((int)TargetKey, MigrationSeq),
        (MigrationState)State,
        LeaseEnd is { } leaseEnd ? RowTime.Read(leaseEnd) : null,
        RowTime.Read(CreateTime),
        RowTime.Read(UpdateTime),
        EndTime is { } endTime ? RowTime.Read(endTime) : null,
        Reason ?? "")
    {
        Generation = Generation,
    };
}

/// <summary>A row of <c>events</c>, without what a retry needs.</summary>
internal sealed class EventRow
{
    public long Revision { get; init; }
    public long Time { get; init; }
    public long Kind { get; init; }
    public long NodeKey { get; init; }
    public long Generation { get; init; }
    public string Actor { get; init; } = "";
    public string UsedAfter { get; init; } = "";
    public long ClaimCount { get; init; }
    public long NodeState { get; init; }
    public string? Reason { get; init; }
    public long? StateBefore { get; init; }
    public long? StateAfter { get; init; }
    public string? InstanceId { get; init; }
    public long? ClaimSeq { get; init; }
    public string? Amounts { get; init; }
    public long? LeaseBefore { get; init; }
    public long? LeaseAfter { get; init; }
    public string? Before { get; init; }
    public string? After { get; init; }
    public byte[]? RequestId { get; init; }
    public long? MigrationSeq { get; init; }
    public long? TargetKey { get; init; }
    public long? SourceKey { get; init; }
    public long? MigrationBefore { get; init; }
    public long? MigrationAfter { get; init; }
    public long? AuditSeq { get; init; }
    public string? AmountsBefore { get; init; }
    public long? ClaimRole { get; init; }

    public LedgerEvent ToEvent() => DamagedRow.Explain(this, static row => row.Read(), static row => $"event {row.Revision}");

    private LedgerEvent Read()
    {
        var ofClaim = ClaimSeq is not null;
        return new LedgerEvent
        {
            Revision = Revision,
            Time = new Instant(Time),
            Kind = (ChangeKind)Kind,
            NodeKey = (int)NodeKey,
            Generation = Generation,
            Actor = Actor,
            UsedAfter = AmountsText.Read(UsedAfter),
            ClaimCount = (int)ClaimCount,
            NodeState = (NodeState)NodeState,
            Reason = Reason ?? "",
            StateBefore = (int?)StateBefore,
            StateAfter = (int?)StateAfter,
            InstanceId = InstanceId is null ? null : new InstanceId(InstanceId),
            ClaimId = ClaimSeq is { } sequence ? new ClaimId((int)NodeKey, sequence) : null,
            IsOfObserved = ClaimRole == (long)Ledger.Claims.ClaimRole.Observed,
            Amounts = Amounts is null ? null : AmountsText.Read(Amounts),
            AmountsBefore = AmountsBefore is null ? null : AmountsText.Read(AmountsBefore),
            LeaseBefore = LeaseBefore is { } before ? new Instant(before) : null,
            LeaseAfter = LeaseAfter is { } after ? new Instant(after) : null,
            InstanceBefore = ofClaim && Before is not null ? SpecText.ReadInstance(Before) : null,
            InstanceAfter = ofClaim && After is not null ? SpecText.ReadInstance(After) : null,
            SpecBefore = !ofClaim && Before is not null ? SpecText.Read(Before) : null,
            SpecAfter = !ofClaim && After is not null ? SpecText.Read(After) : null,
            RequestId = RequestId is null ? null : new Guid(RequestId, bigEndian: true),
            MigrationId = MigrationSeq is { } move ? new MigrationId((int)TargetKey!.Value, move) : null,
            MovedFrom = (int?)SourceKey,
            MigrationBefore = (MigrationState?)MigrationBefore,
            MigrationAfter = (MigrationState?)MigrationAfter,
            AuditId = AuditSeq is { } audit ? new AuditId((int)AuditedKey, audit) : null,
        };
    }

    // An audit changes other nodes only where it ends moves to the one that it looks at.
    private long AuditedKey => (ChangeKind)Kind == ChangeKind.InstanceStayed ? TargetKey!.Value : NodeKey;
}

/// <summary>A row of <c>audits</c>; without drifts where they were not asked for.</summary>
internal sealed class AuditRow
{
    public long AuditSeq { get; init; }
    public long NodeKey { get; init; }
    public long Mode { get; init; }
    public long Time { get; init; }
    public long ObserveTime { get; init; }
    public long ObservedGeneration { get; init; }
    public long NodeGeneration { get; init; }
    public string Actor { get; init; } = "";
    public long InstanceCount { get; init; }
    public long DriftCount { get; init; }
    public long HealedCount { get; init; }
    public string? Drifts { get; init; }

    public Audit ToAudit() => new(
        new AuditId((int)NodeKey, AuditSeq), (AuditMode)Mode, new Instant(Time), new Instant(ObserveTime), ObservedGeneration, NodeGeneration, Actor,
        (int)InstanceCount, (int)DriftCount, (int)HealedCount, Drifts is null ? [] : AuditText.Read(Drifts));
}

/// <summary>What the service keeps in memory of a remembered request.</summary>
internal sealed class RequestRow
{
    public byte[] RequestId { get; init; } = [];
    public long Fingerprint { get; init; }
    public long Revision { get; init; }
    public long Time { get; init; }

    public RememberedRequest ToRequest() => new(new Guid(RequestId, bigEndian: true), Fingerprint, Revision, Time);
}

/// <summary>A row of <c>refusals</c>.</summary>
internal sealed class RefusalRow
{
    public long Sequence { get; init; }
    public long Time { get; init; }
    public string Actor { get; init; } = "";
    public string InstanceId { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public long Reason { get; init; }
    public byte[] Body { get; init; } = [];

    public RefusalRecord ToRefusal() => new(Sequence, new Instant(Time), Actor, InstanceId, ProjectId, (int)Reason, [], Body);
}

/// <summary>A row of <c>usage_snapshots</c>.</summary>
internal sealed class SnapshotRow
{
    public long NodeKey { get; init; }
    public long Time { get; init; }
    public long Generation { get; init; }
    public string Used { get; init; } = "";
    public string Capacity { get; init; } = "";
    public long ClaimCount { get; init; }
    public long State { get; init; }

    public UsageSnapshot ToSnapshot() => new(
        (int)NodeKey, new Instant(Time), Generation, AmountsText.Read(Used), AmountsText.Read(Capacity), (int)ClaimCount, (NodeState)State);
}
