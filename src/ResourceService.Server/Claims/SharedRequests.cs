using System.Collections.Concurrent;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;

namespace ResourceService.Server.Claims;

/// <summary>
/// One object for all equal requests: instances come in few sizes, and a million claims of one flavor hold one request, with one text of its
/// amounts. Bounded; sizes that come later are simply not shared.
/// </summary>
internal static class SharedRequests
{
    private const int SharedMax = 16_384;

    private static readonly ConcurrentDictionary<ResourceAmounts, ResourceRequest> _plain = new();
    private static readonly ConcurrentDictionary<ResourceRequest, ResourceRequest> _others = new();

    // Counted apart: a concurrent dictionary's own count locks all of it.
    private static int _count;

    /// <summary>The shared request for these amounts and nothing else, or a new one.</summary>
    public static ResourceRequest Of(ResourceAmounts amounts)
    {
        if (_plain.TryGetValue(amounts, out var shared))
            return shared;
        var request = ResourceRequest.Of(amounts);
        return HasRoom() ? _plain.GetOrAdd(amounts, request) : request;
    }

    /// <summary>The shared object equal to this request, or the request itself.</summary>
    public static ResourceRequest Of(ResourceRequest request)
    {
        if (request.IsPlain)
            return Of(request.Amounts);
        if (_others.TryGetValue(request, out var shared))
            return shared;
        return HasRoom() ? _others.GetOrAdd(request, request) : request;
    }

    private static bool HasRoom() => Volatile.Read(ref _count) < SharedMax && Interlocked.Increment(ref _count) <= SharedMax;
}
