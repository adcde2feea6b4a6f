using System.Collections.Concurrent;
using ResourceService.Ledger;

namespace ResourceService.Server.Claims;

/// <summary>
/// One object for all equal amounts: instances come in few sizes, and a million claims of one flavor hold one set of amounts with one text.
/// Bounded; sizes that come later are simply not shared.
/// </summary>
internal static class SharedAmounts
{
    private const int SharedMax = 16_384;

    private static readonly ConcurrentDictionary<ResourceAmounts, ResourceAmounts> _shared = new();

    // Counted apart: the dictionary's own count locks all of it.
    private static int _count;

    /// <summary>The shared object equal to these amounts, or they themselves.</summary>
    public static ResourceAmounts Of(ResourceAmounts amounts)
    {
        if (_shared.TryGetValue(amounts, out var shared))
            return shared;
        return Volatile.Read(ref _count) < SharedMax && Interlocked.Increment(ref _count) <= SharedMax ? _shared.GetOrAdd(amounts, amounts) : amounts;
    }
}
