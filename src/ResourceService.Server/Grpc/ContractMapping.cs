using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Grpc;

/// <summary>From the ledger's types to the contract's. The other way is the requests' business, which check what they read.</summary>
internal static class ContractMapping
{
    /// <summary>A claim as it is on its node.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="node">Its node.</param>
    /// <param name="migration">The move in flight that it is part of.</param>
    public static V1.Claim ToContract(Claim claim, NodeId node, MigrationId? migration = null)
    {
        var message = new V1.Claim
        {
            ClaimId = claim.Id.ToString(),
            NodeId = node.Value,
            Instance = ToContract(claim.Instance),
            State = ToContract(claim.State),
            Role = ToContract(claim.Role),
            NodeGeneration = claim.Generation,
            LeaseExpireTime = claim.LeaseEnd is { } end ? ToContract(end) : null,
            CreateTime = ToContract(claim.CreateTime),
            UpdateTime = ToContract(claim.UpdateTime),
            MigrationId = claim.State.IsLive() ? migration?.ToString() ?? "" : "",
            EndReason = claim.Reason,
        };
        Add(message.Resources, claim.Amounts);
        PlacementMapping.AddAssignment(message, claim.Assignment);
        return message;
    }

    /// <summary>An instance.</summary>
    public static V1.Instance ToContract(Instance instance) => new()
    {
        InstanceId = instance.Id.Value,
        ProjectId = instance.ProjectId,
        UserId = instance.UserId,
        OsType = instance.OsType,
        VmState = instance.VmState,
        TaskState = instance.TaskState,
        PowerState = instance.PowerState,
    };

    /// <summary>The parts of a node that are to be shown. What takes work to make is made only if it is shown.</summary>
    public static V1.Node ToContract(NodeView node, NodeParts parts)
    {
        var message = new V1.Node
        {
            NodeId = node.Id.Value,
            State = ToContract(node.State),
            StateReason = node.StateReason,
            Generation = node.Generation,
            ClaimCount = node.Claims.Count,
            RegisterTime = ToContract(node.RegisterTime),
            UpdateTime = ToContract(node.UpdateTime),
            LastAuditTime = node.LastAuditTime is { } audited ? ToContract(audited) : null,
            LastAuditId = node.LastAudit?.ToString() ?? "",
        };
        if (parts.Have(V1.Node.InventoriesFieldNumber))
            AddInventories(message.Inventories, node.Spec.Inventories);
        if (parts.Have(V1.Node.UsageFieldNumber))
            AddUsage(message.Usage, node);
        if (parts.Have(V1.Node.TraitsFieldNumber))
            message.Traits.Add(node.Spec.Traits);
        if (parts.Have(V1.Node.LabelsFieldNumber))
            AddLabels(message.Labels, node.Spec.Labels);
        if (parts.Have(V1.Node.NumaTopologyFieldNumber))
            message.NumaTopology = PlacementMapping.Topology(node);
        if (parts.Have(V1.Node.NumaUsageFieldNumber))
            PlacementMapping.AddNumaUsage(message, node, parts.HaveCpuOwners);
        if (parts.Have(V1.Node.DevicesFieldNumber))
            PlacementMapping.AddDevices(message, node);
        if (parts.Have(V1.Node.StatisticsFieldNumber))
            message.Statistics = Statistics(node);
        if (parts.Have(V1.Node.FieldOwnersFieldNumber))
            NodeFields.Add(message.FieldOwners, node.Spec);
        parts.Prune(message);
        return message;
    }

    private static void AddLabels(MapField<string, string> target, ValueList<KeyValuePair<string, string>> labels)
    {
        foreach (ref readonly var label in labels.Span)
            target.Add(label.Key, label.Value);
    }

    private static V1.NodeStatistics Statistics(NodeView node)
    {
        var counted = new NodeStatistics(node);
        var message = new V1.NodeStatistics
        {
            InstanceCount = counted.InstanceCount,
            TaskCount = counted.TaskCount,
            IoWorkload = counted.IoWorkload,
            FailedBuildCount = node.FailedBuilds,
        };
        Add(message.InstancesByVmState, counted.ByVmState);
        Add(message.InstancesByTaskState, counted.ByTaskState);
        Add(message.InstancesByProject, counted.ByProject);
        Add(message.InstancesByOsType, counted.ByOsType);
        return message;

        static void Add(MapField<string, int> target, IReadOnlyDictionary<string, int> counts)
        {
            foreach (var (name, count) in counts)
                target.Add(name, count);
        }
    }

    /// <summary>What a node has, by class.</summary>
    public static void AddInventories(MapField<string, V1.Inventory> target, InventoryTable inventories)
    {
        for (var i = 0; i < inventories.Count; i++)
        {
            var inventory = inventories[i];
            target.Add(inventories.Classes[i].Name, new V1.Inventory
            {
                Total = inventory.Total,
                Reserved = inventory.Reserved,
                AllocationRatio = inventory.AllocationRatio,
                MinUnit = inventory.MinUnit,
                MaxUnit = inventory.MaxUnit,
                StepSize = inventory.StepSize,
            });
        }
    }

    /// <summary>The usage of every class of a node.</summary>
    public static void AddUsage(MapField<string, V1.ClassUsage> target, NodeView node)
    {
        for (var i = 0; i < node.Spec.Inventories.Count; i++)
            target.Add(node.Spec.Inventories.Classes[i].Name, Usage(node.Spec.Inventories[i].Capacity, node.Used[i]));
    }

    /// <summary>The usage of one class.</summary>
    public static V1.ClassUsage Usage(long capacity, long used) => new() { Capacity = capacity, Used = used, Free = capacity - used };

    /// <summary>Amounts, by class.</summary>
    public static void Add(MapField<string, long> target, ResourceAmounts amounts)
    {
        foreach (ref readonly var item in amounts.Span)
            target.Add(item.Class.Name, item.Amount);
    }

    /// <summary>A moment.</summary>
    public static Timestamp ToContract(Instant moment)
    {
        var seconds = Math.DivRem(moment.UnixMs, 1000, out var milliseconds);
        if (milliseconds < 0)
            (seconds, milliseconds) = (seconds - 1, milliseconds + 1000);
        return new Timestamp { Seconds = seconds, Nanos = (int)milliseconds * 1_000_000 };
    }

    /// <summary>A claim's state.</summary>
    public static V1.ClaimState ToContract(ClaimState state) => state switch
    {
        ClaimState.Held => V1.ClaimState.Held,
        ClaimState.Active => V1.ClaimState.Active,
        ClaimState.Released => V1.ClaimState.Released,
        ClaimState.Aborted => V1.ClaimState.Aborted,
        ClaimState.Expired => V1.ClaimState.Expired,
        _ => V1.ClaimState.Unspecified,
    };

    /// <summary>The part a claim plays.</summary>
    public static V1.ClaimRole ToContract(ClaimRole role) => role switch
    {
        ClaimRole.MoveTarget => V1.ClaimRole.MoveTarget,
        ClaimRole.Observed => V1.ClaimRole.Observed,
        _ => V1.ClaimRole.Primary,
    };

    /// <summary>A node's state; deleted ones have none.</summary>
    public static V1.NodeState ToContract(NodeState state) => state switch
    {
        NodeState.Enabled => V1.NodeState.Enabled,
        NodeState.Disabled => V1.NodeState.Disabled,
        NodeState.Draining => V1.NodeState.Draining,
        _ => V1.NodeState.Unspecified,
    };

    /// <summary>What happened.</summary>
    public static V1.EventKind ToContract(ChangeKind kind) => kind switch
    {
        ChangeKind.NodeRegistered => V1.EventKind.NodeRegistered,
        ChangeKind.NodeUpdated => V1.EventKind.NodeUpdated,
        ChangeKind.NodeFieldsChanged => V1.EventKind.NodeFieldsChanged,
        ChangeKind.NodeRenamed => V1.EventKind.NodeRenamed,
        ChangeKind.NodeStateChanged => V1.EventKind.NodeStateChanged,
        ChangeKind.NodeDeleted => V1.EventKind.NodeDeleted,
        ChangeKind.InstanceClaimed => V1.EventKind.InstanceClaimed,
        ChangeKind.InstanceUpdated => V1.EventKind.InstanceUpdated,
        ChangeKind.InstanceStayed => V1.EventKind.InstanceStayed,
        ChangeKind.ClaimConfirmed => V1.EventKind.ClaimConfirmed,
        ChangeKind.ClaimRenewed => V1.EventKind.ClaimRenewed,
        ChangeKind.ClaimAborted => V1.EventKind.ClaimAborted,
        ChangeKind.ClaimExpired => V1.EventKind.ClaimExpired,
        ChangeKind.ClaimReleased => V1.EventKind.ClaimReleased,
        ChangeKind.MigrationClaimed => V1.EventKind.MigrationClaimed,
        ChangeKind.MigrationUpdated => V1.EventKind.MigrationUpdated,
        ChangeKind.MigrationConfirmed => V1.EventKind.MigrationConfirmed,
        ChangeKind.MigrationReverted => V1.EventKind.MigrationReverted,
        ChangeKind.MigrationFailed => V1.EventKind.MigrationFailed,
        ChangeKind.MigrationExpired => V1.EventKind.MigrationExpired,
        ChangeKind.NodeAudited => V1.EventKind.NodeAudited,
        ChangeKind.InstanceAdopted => V1.EventKind.InstanceAdopted,
        ChangeKind.ClaimCorrected => V1.EventKind.ClaimCorrected,
        ChangeKind.InstanceCounted => V1.EventKind.InstanceCounted,
        _ => V1.EventKind.Unspecified,
    };

    /// <summary>A snapshot of a node's usage.</summary>
    public static V1.UsageSnapshot ToContract(UsageSnapshot snapshot, NodeId node)
    {
        var message = new V1.UsageSnapshot
        {
            NodeId = node.Value,
            SnapshotTime = ToContract(snapshot.Time),
            Generation = snapshot.Generation,
            ClaimCount = snapshot.ClaimCount,
            State = ToContract(snapshot.State),
        };
        foreach (var (resourceClass, capacity) in snapshot.Capacity)
            message.Usage.Add(resourceClass.Name, Usage(capacity, snapshot.Used.Of(resourceClass)));
        return message;
    }
}
