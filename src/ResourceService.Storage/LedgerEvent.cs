using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage;

/// <summary>One durable change: who, when, for which request, what before and what after.</summary>
public sealed record LedgerEvent
{
    /// <summary>The change's place in the store's history; consecutive, from 1.</summary>
    public required long Revision { get; init; }

    /// <summary>When it was decided, or the time of the event before, where that is later: times never decrease with the revision.</summary>
    public required Instant Time { get; init; }

    /// <summary>What happened.</summary>
    public required ChangeKind Kind { get; init; }

    /// <summary>The node's number.</summary>
    public required int NodeKey { get; init; }

    /// <summary>The node's generation right after the change.</summary>
    public required long Generation { get; init; }

    /// <summary>Who asked for it.</summary>
    public required string Actor { get; init; }

    /// <summary>The node's usage right after the change; classes without usage are left out.</summary>
    public required ResourceAmounts UsedAfter { get; init; }

    /// <summary>How many claims live on the node right after the change.</summary>
    public required int ClaimCount { get; init; }

    /// <summary>What the node may be used for right after the change.</summary>
    public required NodeState NodeState { get; init; }

    /// <summary>The <see cref="ClaimState"/> or <see cref="NodeState"/> before, by number; null when there was none.</summary>
    public int? StateBefore { get; init; }

    /// <summary>The <see cref="ClaimState"/> or <see cref="NodeState"/> after, by number.</summary>
    public int? StateAfter { get; init; }

    /// <summary>The instance, for changes of claims.</summary>
    public InstanceId? InstanceId { get; init; }

    /// <summary>The claim, for changes of claims.</summary>
    public ClaimId? ClaimId { get; init; }

    /// <summary>Whether the claim is an observed one.</summary>
    public bool IsOfObserved { get; init; }

    /// <summary>The claim's amounts, for changes of claims.</summary>
    public ResourceAmounts? Amounts { get; init; }

    /// <summary>The claim's amounts before, when they changed.</summary>
    public ResourceAmounts? AmountsBefore { get; init; }

    /// <summary>When the claim's lease would have ended.</summary>
    public Instant? LeaseBefore { get; init; }

    /// <summary>When the claim's lease ends.</summary>
    public Instant? LeaseAfter { get; init; }

    /// <summary>The instance as it was, when its attributes changed.</summary>
    public Instance? InstanceBefore { get; init; }

    /// <summary>The instance as it is, when its attributes changed.</summary>
    public Instance? InstanceAfter { get; init; }

    /// <summary>The node's report as it was, when it changed.</summary>
    public NodeSpec? SpecBefore { get; init; }

    /// <summary>The node's report as it is, when it changed.</summary>
    public NodeSpec? SpecAfter { get; init; }

    /// <summary>The move that made the change, or that its claim is the target of.</summary>
    public MigrationId? MigrationId { get; init; }

    /// <summary>
    /// The number of the node that the move leaves, for changes of moves; the other one is in <see cref="MigrationId"/>. Of a rename, the number of the
    /// node that took the old name.
    /// </summary>
    public int? MovedFrom { get; init; }

    /// <summary>The move's state before, when the move changed; null when it began.</summary>
    public MigrationState? MigrationBefore { get; init; }

    /// <summary>The move's state after, when the move changed.</summary>
    public MigrationState? MigrationAfter { get; init; }

    /// <summary>The audit that made the change, or that the event is about.</summary>
    public AuditId? AuditId { get; init; }

    /// <summary>Why, in the caller's words; may be empty.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The request that asked for it, when it carried an id.</summary>
    public Guid? RequestId { get; init; }

    /// <summary>Whether it belongs to a node's history: a move belongs to both of its nodes.</summary>
    public bool Concerns(int nodeKey) => NodeKey == nodeKey || MovedFrom == nodeKey || MigrationId?.NodeKey == nodeKey;
}
