using System.Collections.Concurrent;
using ResourceService.Server.Options;

namespace ResourceService.Server.Security;

/// <summary>The limit of each caller, by name. Bounded: when too many are known, those with nothing in flight are forgotten.</summary>
internal sealed class CallerLimits(LimitOptions options) : IDisposable
{
    private const int KnownMax = 10_000;

    private readonly ConcurrentDictionary<string, CallerLimit> _byName = new(StringComparer.Ordinal);

    /// <summary>The limit of a caller.</summary>
    public CallerLimit Of(string name)
    {
        if (_byName.TryGetValue(name, out var known))
            return known;
        // Counting locks all of it: only for a name that is new.
        if (_byName.Count >= KnownMax)
        {
            foreach (var (idle, limit) in _byName)
            {
                // Not disposed: a call may have found it just now, and without a timer it holds nothing but memory.
                if (limit.IsIdle)
                    _byName.TryRemove(KeyValuePair.Create(idle, limit));
            }
        }

        return _byName.GetOrAdd(name, static (_, bounds) => new CallerLimit(bounds), options);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var limit in _byName.Values)
            limit.Dispose();
    }
}
