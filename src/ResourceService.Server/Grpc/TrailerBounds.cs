using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Cuts an error to what every client can receive: it travels in the trailers, of which gRPC libraries take 8 KiB unless told otherwise, and a client
/// that gets more loses the whole error. What comes first is kept: callers mend one thing after the other.
/// </summary>
internal static class TrailerBounds
{
    // As base64 a third more.
    private const int DetailsBytesMax = 4_096;

    private const int MessageLengthMax = 512;

    /// <summary>The status as it is when it is small enough; otherwise a shorter copy.</summary>
    public static Status Fit(Status status)
    {
        if (status.Message.Length <= MessageLengthMax && status.CalculateSize() <= DetailsBytesMax)
            return status;
        var shorter = new Status { Code = status.Code, Message = Shorten(status.Message) };
        foreach (var detail in status.Details)
        {
            var left = DetailsBytesMax - shorter.CalculateSize();
            if (detail.CalculateSize() <= left)
                shorter.Details.Add(detail);
            else if (Shorten(detail, left) is { } part)
                shorter.Details.Add(part);
        }

        return shorter;
    }

    private static string Shorten(string message) => message.Length <= MessageLengthMax ? message : message[..(MessageLengthMax - 3)] + "...";

    private static Any? Shorten(Any detail, int bytes)
    {
        if (detail.TryUnpack<BadRequest>(out var bad))
            return Any.Pack(Shorten(bad, bad.FieldViolations, bytes));
        if (detail.TryUnpack<V1.Refusal>(out var refusal))
            return Any.Pack(Shorten(refusal, refusal.Dimensions, bytes));
        return detail.TryUnpack<V1.RefusalSummary>(out var summary) ? Any.Pack(Shorten(summary, summary.Refusals, bytes)) : null;
    }

    // Drops elements from the end until the message and its type's name fit.
    private static T Shorten<T, TItem>(T message, IList<TItem> items, int bytes)
        where T : IMessage<T>
    {
        const int TypeNameBytes = 80;
        while (items.Count > 0 && message.CalculateSize() + TypeNameBytes > bytes)
            items.RemoveAt(items.Count - 1);
        return message;
    }
}
