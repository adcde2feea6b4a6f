using System.Collections.Immutable;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Nodes;

/// <summary>
/// An immutable picture of one node. The worker's newest picture may run ahead of the disk; the one that readers get is published after its
/// commit. Always true: <c>Used[i]</c> is the sum of the amounts of class i over <see cref="Claims"/>, and <see cref="NumaUsage"/> and
/// <see cref="DeviceUsage"/> are the sums of their assignments; and there is one of <see cref="Migrations"/> for each claim that is the target of a move.
/// </summary>
public sealed record NodeView
{
    /// <summary>The node's number in this store; part of its claims' ids.</summary>
    public required int NodeKey { get; init; }

    /// <summary>What it is, as it counts: what its agent reported, and what owners set above that.</summary>
    public required NodeSpec Spec { get; init; }

    /// <summary>What it may be used for.</summary>
    public NodeState State { get; init; } = NodeState.Absent;

    /// <summary>Why it is in this state.</summary>
    public string StateReason { get; init; } = "";

    /// <summary>Rises with each change of the node or of a claim on it, by one except after a restore, and never starts over.</summary>
    public long Generation { get; init; }

    /// <summary>Above what the generations begin. Below it are those that a ledger gave which is gone; 0 when there was none.</summary>
    public long GenerationFloor { get; init; }

    /// <summary>The generation of the last change of what is reported. After a restart the node's: not known to be older.</summary>
    public long SpecGeneration { get; init; }

    /// <summary>The generation at which a claim ended last. After a restart the node's: not known to be older.</summary>
    public long LastEndGeneration { get; init; }

    /// <summary>The audit made last; null before the first.</summary>
    public AuditId? LastAudit { get; init; }

    /// <summary>When the node was audited last; null before the first audit.</summary>
    public Instant? LastAuditTime { get; init; }

    /// <summary>When it was registered first.</summary>
    public Instant RegisterTime { get; init; }

    /// <summary>When it changed last.</summary>
    public Instant UpdateTime { get; init; }

    /// <summary>Builds that failed since the last one that succeeded; schedulers prefer nodes with few.</summary>
    public int FailedBuilds { get; init; }

    /// <summary>The claims that hold resources, by their sequence.</summary>
    public ImmutableSortedDictionary<long, Claim> Claims { get; init; } = ImmutableSortedDictionary<long, Claim>.Empty;

    /// <summary>The moves in flight to this node, by their sequence, which is that of their claim here.</summary>
    public ImmutableSortedDictionary<long, Migration> Migrations { get; init; } = ImmutableSortedDictionary<long, Migration>.Empty;

    /// <summary>How much is used of the class at each place of <see cref="NodeSpec.Inventories"/>. Never written after it is set.</summary>
    internal long[] UsedAmounts { get; init; } = [];

    /// <summary>How much is used of the class at each place of <see cref="NodeSpec.Inventories"/>.</summary>
    public ReadOnlySpan<long> Used => UsedAmounts;

    /// <summary>What is used of each NUMA cell.</summary>
    public NumaUsage NumaUsage { get; init; } = NumaUsage.None(null);

    /// <summary>Which claim owns each device.</summary>
    public DeviceUsage DeviceUsage { get; init; } = DeviceUsage.None([]);

    /// <summary>The node's id.</summary>
    public NodeId Id => Spec.Id;

    /// <summary>Whether the node is registered.</summary>
    public bool Exists => State != NodeState.Absent;

    /// <summary>A node that has never been registered.</summary>
    public static NodeView Unregistered(int nodeKey, NodeId id, long generationFloor = 0) =>
        new() { NodeKey = nodeKey, Spec = NodeSpec.Unknown(id), GenerationFloor = generationFloor };

    /// <summary>What is used, by class; classes without usage are left out.</summary>
    public ResourceAmounts UsedByClass() => ResourceAmounts.Positive(Spec.Inventories.Classes, UsedAmounts);

    /// <summary>What can be promised, by class; classes without capacity are left out.</summary>
    public ResourceAmounts CapacityByClass()
    {
        var capacities = new long[Spec.Inventories.Count];
        for (var i = 0; i < capacities.Length; i++)
            capacities[i] = Spec.Inventories[i].Capacity;
        return ResourceAmounts.Positive(Spec.Inventories.Classes, capacities);
    }

    /// <summary>A node as the store knows it: usage is summed anew from the claims, so it cannot disagree with them.</summary>
    public static NodeView Restore(NodeView recorded, IEnumerable<Claim> liveClaims, IEnumerable<Migration> inFlight)
    {
        var node = recorded with
        {
            Claims = liveClaims.ToImmutableSortedDictionary(claim => claim.Id.Sequence, claim => claim),
            Migrations = inFlight.ToImmutableSortedDictionary(migration => migration.Id.Sequence, migration => migration),
        };
        return node with
        {
            SpecGeneration = node.Generation,
            LastEndGeneration = node.Generation,
            UsedAmounts = LedgerInvariants.Sum(node, out _),
            NumaUsage = LedgerInvariants.SumNuma(node.Spec, node.Claims.Values),
            DeviceUsage = DeviceUsage.Of(node.Spec.Devices, node.Claims.Values),
        };
    }

    /// <summary>How much of a class can still be promised; negative while an overage lasts.</summary>
    public long FreeAt(int index) => Spec.Inventories[index].Capacity - UsedAmounts[index];

    /// <summary>The share of a class's capacity that is in use. Nothing is free of a capacity of 0: it counts as 1.</summary>
    public double UsedRatioAt(int index)
    {
        var capacity = Spec.Inventories[index].Capacity;
        return capacity <= 0 ? 1 : (double)UsedAmounts[index] / capacity;
    }
}
