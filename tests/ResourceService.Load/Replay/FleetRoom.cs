using ResourceService.Load.Checking;
using ResourceService.V1;

namespace ResourceService.Load.Replay;

/// <summary>
/// Finds out by itself whether a request fits anywhere, from the registered nodes and the acknowledged claims: a refusal is only right when it does not.
/// Certain only while nothing else is in flight.
/// </summary>
internal sealed class FleetRoom(IReadOnlyList<RegisterNodeRequest> fleet)
{
    /// <summary>Returns a node with room for the request, or null.</summary>
    public string? FindNode(RequestRow request, IEnumerable<AcknowledgedClaim> live)
    {
        var used = live.ToLookup(claim => claim.NodeId);
        var amounts = TraceMapping.ToResources(request);
        var traits = TraceMapping.ToModelAttempts(request);
        return fleet.FirstOrDefault(node =>
            traits.Any(trait => trait is null || node.Traits.Contains(trait))
            && amounts.All(amount => Free(node, amount.Key, used[node.NodeId]) >= amount.Value))?.NodeId;
    }

    private static long Free(RegisterNodeRequest node, string resourceClass, IEnumerable<AcknowledgedClaim> claims) =>
        node.Inventories.TryGetValue(resourceClass, out var inventory)
            ? inventory.Total - claims.Sum(claim => claim.Resources.GetValueOrDefault(resourceClass))
            : 0;
}
