using Google.Protobuf;
using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Grpc;

/// <summary>Asks a node's worker for a change.</summary>
internal static class NodeCalls
{
    /// <summary>Posts a change of one node and waits until it is refused or durable.</summary>
    public static async ValueTask<CallResult<TReply>> CallAsync<TReply>(
        this NodeWorker worker, RequestStamp stamp, Func<NodeView, Decision> decide, Func<NodeView, Decision, TReply> reply,
        CancellationToken cancellation)
        where TReply : class, IMessage
    {
        var command = new NodeCommand(decide, reply, stamp, cancellation);
        worker.Post(command);
        return CallResult<TReply>.Of(await command.Completion, worker.View.Id.Value);
    }
}
