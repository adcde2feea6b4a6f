using ResourceService.Load.Checking;

namespace ResourceService.Load.Replay;

/// <summary>
/// What the server must hold, by what it acknowledged: nothing else is known here. Live claims by instance, their use by class, and its peak.
/// Steps of different requests change it at the same time.
/// </summary>
internal sealed class ReplayModel
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, AcknowledgedClaim> _live = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _used = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _peak = new(StringComparer.Ordinal);

    public void Add(AcknowledgedClaim claim)
    {
        lock (_lock)
        {
            _live.Add(claim.InstanceId, claim);
            foreach (var (resourceClass, amount) in claim.Resources)
            {
                var used = _used[resourceClass] = _used.GetValueOrDefault(resourceClass) + amount;
                _peak[resourceClass] = Math.Max(_peak.GetValueOrDefault(resourceClass), used);
            }
        }
    }

    public AcknowledgedClaim? Find(string instanceId)
    {
        lock (_lock)
        {
            return _live.GetValueOrDefault(instanceId);
        }
    }

    public void Remove(AcknowledgedClaim claim)
    {
        lock (_lock)
        {
            _live.Remove(claim.InstanceId);
            foreach (var (resourceClass, amount) in claim.Resources)
            {
                _used[resourceClass] -= amount;
            }
        }
    }

    public IReadOnlyList<AcknowledgedClaim> LiveClaims()
    {
        lock (_lock)
        {
            return [.. _live.Values];
        }
    }

    public IReadOnlyDictionary<string, long> Peak()
    {
        lock (_lock)
        {
            return _peak.ToDictionary(StringComparer.Ordinal);
        }
    }
}
