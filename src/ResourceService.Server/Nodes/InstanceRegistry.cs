using System.Collections.Concurrent;
using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Nodes;

/// <summary>
/// Which claim each instance holds, fleet-wide: an instance has at most one. A worker enters a claim here right before it applies it; it is
/// taken out when its end is durable, so that an instance never holds two, whatever becomes of the commits.
/// </summary>
internal sealed class InstanceRegistry
{
    private readonly ConcurrentDictionary<InstanceId, ClaimId> _claims = new();

    /// <summary>Enters a claim; false when the instance holds one already.</summary>
    public bool TryEnter(InstanceId instance, ClaimId claim) => _claims.TryAdd(instance, claim);

    /// <summary>The instance's claim; it may not be durable yet.</summary>
    public bool TryFind(InstanceId instance, out ClaimId claim) => _claims.TryGetValue(instance, out claim);

    /// <summary>Takes a claim out. Another claim of the same instance stays.</summary>
    public void Leave(InstanceId instance, ClaimId claim) => _claims.TryRemove(KeyValuePair.Create(instance, claim));

    /// <summary>Exchanges what a thrown-away picture of a node entered for what the store knows.</summary>
    public void Exchange(NodeView thrownAway, NodeView restored)
    {
        foreach (var claim in thrownAway.Claims.Values)
        {
            if (!restored.Claims.ContainsKey(claim.Id.Sequence))
                Leave(claim.Instance.Id, claim.Id);
        }

        foreach (var claim in restored.Claims.Values)
            TryEnter(claim.Instance.Id, claim.Id);
    }
}
