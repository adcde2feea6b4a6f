using System.Buffers;
using Grpc.Core;
using ResourceService.V1;

namespace ResourceService.Load.Wire;

/// <summary>Reads from answers no more than the drive counts.</summary>
internal static class AnswerReader
{
    public static Answer ReadBatch(DeserializationContext context)
    {
        var content = context.PayloadAsReadOnlySequence();
        var refusedCount = 0;
        var batch = new WireReader(content.IsSingleSegment ? content.FirstSpan : content.ToArray());
        while (batch.Read())
        {
            if (batch.Field != ClaimInstancesResponse.ResultsFieldNumber)
            {
                continue;
            }
            var result = new WireReader(batch.Content);
            while (result.Read())
            {
                refusedCount += result.Field == ClaimResult.ErrorFieldNumber ? 1 : 0;
            }
        }
        return refusedCount == 0 ? Answer.Accepted : new Answer(refusedCount);
    }

    public static WatchedChange ReadWatched(DeserializationContext context)
    {
        var content = context.PayloadAsReadOnlySequence();
        var message = new WireReader(content.IsSingleSegment ? content.FirstSpan : content.ToArray());
        while (message.Read())
        {
            if (message.Field == WatchNodesResponse.RevisionFieldNumber)
            {
                return new WatchedChange((long)message.Number);
            }
        }
        return new WatchedChange(0);
    }

    /// <summary>Reads an answer of a stream: its slot, and the serialized status if the claim was refused.</summary>
    public static long ReadStreamed(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> error)
    {
        long slot = -1;
        error = default;
        var answer = new WireReader(message);
        while (answer.Read())
        {
            if (answer.Field == StreamClaimsResponse.RequestIdFieldNumber)
            {
                slot = UuidSource.ReadSlot(answer.Content);
            }
            else if (answer.Field == StreamClaimsResponse.ErrorFieldNumber)
            {
                error = answer.Content;
            }
        }
        return slot >= 0 ? slot : throw new InvalidDataException("An answer of StreamClaims carries no request_id.");
    }
}
