using Google.Protobuf;
using ResourceService.Server.Nodes;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>What a call answers: a reply, or the error that refuses it. A value, because in batches and streams a refusal ends nothing.</summary>
internal readonly record struct CallResult<TReply>(TReply? Reply, Status? Error)
    where TReply : class, IMessage
{
    public static implicit operator CallResult<TReply>(TReply reply) => new(reply, null);

    public static implicit operator CallResult<TReply>(Status error) => new(null, error);

    /// <summary>How a command ended on its node.</summary>
    public static CallResult<TReply> Of(CommandOutcome outcome, string nodeId) =>
        outcome.Status == CommandStatus.Accepted ? (TReply)outcome.Reply! : RpcErrors.Of(outcome, nodeId);

    /// <summary>The reply; throws the error when there is none.</summary>
    public TReply GetOrThrow() => Reply ?? throw Error!.ToException();
}
