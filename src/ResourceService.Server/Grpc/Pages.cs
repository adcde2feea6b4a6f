using Google.Protobuf;
using Google.Protobuf.Collections;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Fills one page of a list: as many items as were asked for, or as many as any client takes in one message. gRPC's clients refuse messages above
/// 4 MiB unless they were told otherwise.
/// </summary>
internal static class Pages
{
    // Far below what clients take, and large enough for a thousand items as they usually are.
    private const int BytesMax = 1 << 20;

    /// <summary>Adds the items of a page, at least one if there is any, and gives the last of them; null when nothing follows it.</summary>
    /// <param name="page">The answer's items; empty.</param>
    /// <param name="found">What the list has from the page's start on; read no further than one item behind the page.</param>
    /// <param name="countMax">How many were asked for.</param>
    /// <param name="toContract">An item as the contract has it.</param>
    /// <param name="cancellation">Ends it when nobody waits for the page any more.</param>
    public static TSource? Fill<TSource, TItem>(
        RepeatedField<TItem> page, IEnumerable<TSource> found, int countMax, Func<TSource, TItem> toContract, CancellationToken cancellation)
        where TSource : class
        where TItem : IMessage
    {
        TSource? last = null;
        var bytes = 0;
        foreach (var source in found)
        {
            cancellation.ThrowIfCancellationRequested();
            if (page.Count == countMax)
                return last;
            var item = toContract(source);
            bytes += item.CalculateSize();
            if (page.Count > 0 && bytes > BytesMax)
                return last;
            page.Add(item);
            last = source;
        }

        return null;
    }
}
