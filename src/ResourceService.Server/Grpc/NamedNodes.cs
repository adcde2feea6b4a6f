using Google.Protobuf;
using Google.Rpc;
using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Asks nodes by their names, which they may change while a call waits for them: whoever decides sees that the node has another name by then, and the name is
/// looked up again.
/// </summary>
internal static class NamedNodes
{
    // Each time the node with the name really changed.
    private const int RoundsMax = 32;

    /// <summary>Asks the rules if the node still has its name.</summary>
    public static Func<NodeView, Decision> IfNamed(NodeId id, Func<NodeView, Decision> decide) =>
        node => node.Id == id ? decide(node) : Decision.Refuse(NodeRules.NotFound(id));

    /// <summary>Asks the node with a name, and again when it was renamed meanwhile.</summary>
    /// <param name="id">The name.</param>
    /// <param name="find">Finds the node.</param>
    /// <param name="ask">Asks it; refused with NODE_NOT_FOUND where it has another name by then.</param>
    /// <param name="missing">The answer when there is no such node.</param>
    public static async ValueTask<CallResult<TReply>> AskAsync<TReply>(
        NodeId id, Func<NodeId, NodeWorker?> find, Func<NodeWorker, ValueTask<CallResult<TReply>>> ask, Func<NodeId, Google.Rpc.Status>? missing = null)
        where TReply : class, IMessage
    {
        for (var round = 0; round < RoundsMax; round++)
        {
            if (find(id) is not { } worker)
                return missing?.Invoke(id) ?? RpcErrors.NodeNotFound(id.Value);
            var result = await ask(worker);
            if (result.Error is not { Code: (int)Code.NotFound } || find(id) == worker)
                return result;
        }

        return RpcErrors.QueueFull();
    }
}
