using System.Globalization;
using ResourceService.Ledger;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Grpc;

/// <summary>Tells which node a thing is on, for the rules of agents. What cannot be told is nobody's own.</summary>
internal sealed class NodeOwnership(NodeDirectory nodes, InstanceRegistry instances)
{
    /// <summary>
    /// The node of a claim, migration or audit: the number of the node is part of the id, behind the letter of its kind. It is the number that
    /// counts, not whether there is such a claim: an agent learns nothing of other nodes' claims, and NOT_FOUND of its own.
    /// A migration's id carries the number of its target.
    /// </summary>
    public string? NodeOfId(string id)
    {
        var parts = id.Split('-');
        return parts.Length == 3 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var key) ? NameOf(key) : null;
    }

    /// <summary>The node that an instance is on; while it moves, the one that it moves from.</summary>
    public string? NodeOfInstance(string instanceId) =>
        instances.TryFind(new InstanceId(instanceId), out var holding) ? NameOf(holding.First.NodeKey) : null;

    private string? NameOf(int nodeKey) => nodes.Find(nodeKey)?.View.Id.Value;
}
