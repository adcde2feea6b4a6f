using Google.Protobuf;
using ResourceService.Ledger;
using ResourceService.Server.Grpc;

namespace ResourceService.Server.Nodes;

/// <summary>
/// Answers to steps that were taken before, on what has ended since. Nothing changes, but a retry must get the same words, whatever becomes of the
/// rest of the answer meanwhile: so they are remembered as any accepted request is.
/// </summary>
internal static class KeptAnswers
{
    /// <summary>The answer, remembered under the request's id when it has one; an error is answered anew each time.</summary>
    public static async ValueTask<CallResult<TReply>> KeepAsync<TReply>(
        NodeWorker worker, CallResult<TReply> answer, RequestStamp stamp, CancellationToken cancellation)
        where TReply : class, IMessage
    {
        if (answer.Reply is not { } reply || stamp.RequestId is null)
            return answer;
        var command = new NodeCommand(_ => Decision.Unchanged, (_, _) => reply, stamp, cancellation);
        worker.Post(command);
        return CallResult<TReply>.Of(await command.Completion, worker.View.Id.Value);
    }
}
