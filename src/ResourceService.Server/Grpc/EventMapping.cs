using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Grpc;

/// <summary>From the ledger's history to the contract's events and node changes.</summary>
internal static class EventMapping
{
    /// <summary>One event: who, when, which request, what before, what after.</summary>
    public static V1.Event ToContract(LedgerEvent recorded, string nodeId)
    {
        var message = new V1.Event
        {
            Revision = recorded.Revision,
            EventTime = ContractMapping.ToContract(recorded.Time),
            Kind = ContractMapping.ToContract(recorded.Kind),
            Actor = recorded.Actor,
            RequestId = recorded.RequestId?.ToString() ?? "",
            NodeId = nodeId,
            InstanceId = recorded.InstanceId?.Value ?? "",
            ClaimId = recorded.ClaimId?.ToString() ?? "",
            MigrationId = recorded.MigrationId?.ToString() ?? "",
            AuditId = recorded.AuditId?.ToString() ?? "",
            NodeGeneration = recorded.Generation,
            Reason = recorded.Reason,
            Before = recorded.ClaimId is null ? NodeBefore(recorded) : ClaimBefore(recorded),
            After = recorded.ClaimId is null ? NodeAfter(recorded) : ClaimAfter(recorded),
        };
        ContractMapping.Add(message.Used, recorded.UsedAfter);
        return message;
    }

    /// <summary>What a watcher of nodes sees of an event.</summary>
    public static V1.NodeChange ToChange(LedgerEvent recorded, string nodeId)
    {
        var message = new V1.NodeChange
        {
            NodeId = nodeId,
            Generation = recorded.Generation,
            State = ContractMapping.ToContract(recorded.NodeState),
            ClaimCount = recorded.ClaimCount,
            Deleted = recorded.Kind == ChangeKind.NodeDeleted,
            ChangeTime = ContractMapping.ToContract(recorded.Time),
        };
        ContractMapping.Add(message.Used, recorded.UsedAfter);
        if (recorded.SpecAfter is { } spec)
        {
            for (var i = 0; i < spec.Inventories.Count; i++)
                message.Capacity.Add(spec.Inventories.Classes[i].Name, spec.Inventories[i].Capacity);
        }

        return message;
    }

    private static V1.EventState? ClaimBefore(LedgerEvent recorded)
    {
        if (recorded.StateBefore is not { } state)
            return null;
        var message = ClaimState((ClaimState)state, RoleBefore(recorded), recorded.AmountsBefore ?? recorded.Amounts!);
        message.MigrationState = recorded.MigrationBefore is { } migration ? MigrationMapping.ToContract(migration) : default;
        message.LeaseExpireTime = recorded.LeaseBefore is { } lease ? ContractMapping.ToContract(lease) : null;
        message.Instance = recorded.InstanceBefore is { } instance ? ContractMapping.ToContract(instance) : null;
        return message;
    }

    private static V1.EventState ClaimAfter(LedgerEvent recorded)
    {
        var role = recorded.Kind == ChangeKind.MigrationConfirmed ? ClaimRole.Primary : RoleBefore(recorded);
        var message = ClaimState((ClaimState)recorded.StateAfter!.Value, role, recorded.Amounts!);
        message.MigrationState = recorded.MigrationAfter is { } migration ? MigrationMapping.ToContract(migration) : default;
        message.LeaseExpireTime = recorded.LeaseAfter is { } lease ? ContractMapping.ToContract(lease) : null;
        message.Instance = recorded.InstanceAfter is { } instance ? ContractMapping.ToContract(instance) : null;
        return message;
    }

    // The target of a move is named like its move; the source, whose release names the move as well, is not.
    private static ClaimRole RoleBefore(LedgerEvent recorded) => recorded.IsOfObserved ? ClaimRole.Observed
        : recorded.MigrationId is { } move && move == MigrationId.Of(recorded.ClaimId!.Value) ? ClaimRole.MoveTarget : ClaimRole.Primary;

    // Only a live claim holds its amounts.
    private static V1.EventState ClaimState(ClaimState state, ClaimRole role, ResourceAmounts amounts)
    {
        var message = new V1.EventState { ClaimState = ContractMapping.ToContract(state), ClaimRole = ContractMapping.ToContract(role) };
        if (state.IsLive())
            ContractMapping.Add(message.Resources, amounts);
        return message;
    }

    private static V1.EventState? NodeBefore(LedgerEvent recorded) =>
        recorded.StateBefore is { } state ? NodeState(recorded, (NodeState)state, recorded.SpecBefore, recorded.SpecAfter) : null;

    // An audit touches nothing by itself.
    private static V1.EventState? NodeAfter(LedgerEvent recorded) =>
        recorded.StateAfter is { } state ? NodeState(recorded, (NodeState)state, recorded.SpecAfter, recorded.SpecBefore) : null;

    private static V1.EventState NodeState(LedgerEvent recorded, NodeState state, NodeSpec? spec, NodeSpec? otherSide)
    {
        var message = new V1.EventState { NodeState = ContractMapping.ToContract(state) };
        if (spec is not null)
            ContractMapping.AddInventories(message.Inventories, spec.Inventories);
        if (spec is not null && otherSide is not null)
            NodeFields.AddDifferent(message.FieldOwners, spec, otherSide);
        if (recorded.Kind == ChangeKind.NodeRenamed)
            message.NodeId = spec!.Id.Value;
        return message;
    }
}
