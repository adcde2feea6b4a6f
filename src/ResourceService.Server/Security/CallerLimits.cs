using System.Collections.Concurrent;
using ResourceService.Server.Options;

namespace ResourceService.Server.Security;

/// <summary>
/// The limit of each caller, by name. Bounded: when too many are known, those are forgotten that lose nothing by it. Should that not be enough, all
/// further callers share one limit.
/// </summary>
internal sealed class CallerLimits(LimitOptions options, TimeProvider time)
{
    // The agents of a large fleet.
    private const int KnownMax = 200_000;

    private static readonly TimeSpan _betweenSweeps = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, CallerLimit> _byName = new(StringComparer.Ordinal);
    private readonly CallerLimit _others = new(options, time);
    private readonly Lock _gate = new();
    private long? _lastSweep;

    /// <summary>The limit of a caller.</summary>
    public CallerLimit Of(string name) => _byName.TryGetValue(name, out var known) ? known : Add(name);

    private CallerLimit Add(string name)
    {
        lock (_gate)
        {
            if (_byName.Count >= KnownMax)
                Sweep();
            return _byName.Count < KnownMax ? _byName.GetOrAdd(name, new CallerLimit(options, time)) : _others;
        }
    }

    private void Sweep()
    {
        if (_lastSweep is { } last && time.GetElapsedTime(last) < _betweenSweeps)
            return;
        _lastSweep = time.GetTimestamp();
        foreach (var (name, limit) in _byName)
        {
            if (limit.IsAtRest)
                _byName.TryRemove(name, out _);
        }
    }
}
