using ResourceService.Ledger.Audits;

namespace ResourceService.Server.Grpc;

/// <summary>From audits to the contract's.</summary>
internal static class AuditMapping
{
    /// <summary>An audit, with the drifts that it carries.</summary>
    public static V1.Audit ToContract(Audit audit, string nodeId)
    {
        var message = new V1.Audit
        {
            AuditId = audit.Id.ToString(),
            NodeId = nodeId,
            Mode = audit.Mode == AuditMode.Heal ? V1.AuditMode.Heal : V1.AuditMode.Report,
            AuditTime = ContractMapping.ToContract(audit.Time),
            ObserveTime = ContractMapping.ToContract(audit.ObserveTime),
            ObservedGeneration = audit.ObservedGeneration,
            NodeGeneration = audit.NodeGeneration,
            Actor = audit.Actor,
            InstanceCount = audit.InstanceCount,
            DriftCount = audit.DriftCount,
            HealedDriftCount = audit.HealedCount,
        };
        message.Drifts.Add(audit.Drifts.Select(ToContract));
        return message;
    }

    /// <summary>What differs.</summary>
    public static V1.DriftKind ToContract(DriftKind kind) => kind switch
    {
        DriftKind.InventoryChanged => V1.DriftKind.InventoryChanged,
        DriftKind.OverCapacity => V1.DriftKind.OverCapacity,
        DriftKind.OrphanedClaim => V1.DriftKind.OrphanedClaim,
        DriftKind.UntrackedInstance => V1.DriftKind.UntrackedInstance,
        DriftKind.MisplacedInstance => V1.DriftKind.MisplacedInstance,
        DriftKind.UsageMismatch => V1.DriftKind.UsageMismatch,
        DriftKind.PinningMismatch => V1.DriftKind.PinningMismatch,
        DriftKind.DeviceMissing => V1.DriftKind.DeviceMissing,
        DriftKind.StaleMigration => V1.DriftKind.StaleMigration,
        DriftKind.ExpiredLease => V1.DriftKind.ExpiredLease,
        DriftKind.Unreadable => V1.DriftKind.Unreadable,
        DriftKind.DeviceChanged => V1.DriftKind.DeviceChanged,
        _ => V1.DriftKind.Unspecified,
    };

    /// <summary>What was done about it.</summary>
    public static V1.DriftAction ToContract(DriftAction action) => action switch
    {
        DriftAction.Reported => V1.DriftAction.Reported,
        DriftAction.InventoryUpdated => V1.DriftAction.InventoryUpdated,
        DriftAction.ClaimReleased => V1.DriftAction.ClaimReleased,
        DriftAction.InstanceAdopted => V1.DriftAction.InstanceAdopted,
        DriftAction.ClaimCorrected => V1.DriftAction.ClaimCorrected,
        DriftAction.MigrationEnded => V1.DriftAction.MigrationEnded,
        DriftAction.SkippedInFlight => V1.DriftAction.SkippedInFlight,
        DriftAction.SkippedChangedSince => V1.DriftAction.SkippedChangedSince,
        DriftAction.SkippedDoesNotFit => V1.DriftAction.SkippedDoesNotFit,
        DriftAction.SkippedUnconfirmed => V1.DriftAction.SkippedUnconfirmed,
        DriftAction.Counted => V1.DriftAction.Counted,
        _ => V1.DriftAction.Unspecified,
    };

    private static V1.Drift ToContract(Drift drift) => new()
    {
        Kind = ToContract(drift.Kind),
        Action = ToContract(drift.Action),
        InstanceId = drift.Instance?.Value ?? "",
        ClaimId = drift.Claim?.ToString() ?? "",
        MigrationId = drift.Migration?.ToString() ?? "",
        ResourceClass = drift.ResourceClass,
        DeviceAddress = drift.DeviceAddress,
        Expected = drift.Expected,
        Observed = drift.Observed,
        Detail = drift.Detail,
    };
}
