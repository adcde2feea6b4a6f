using ResourceService.Load.Checking;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Soaking;

/// <summary>
/// The books of one caller: its instances that live, by what the server acknowledged. What has ended is dropped, so the books stay as small as the
/// fleet is. Only its caller changes it; others read it while no call is in flight.
/// </summary>
internal sealed class SoakRecord(int instanceCountMax)
{
    private readonly List<SoakInstance> _live = new(instanceCountMax);

    public IReadOnlyList<SoakInstance> Live => _live;

    /// <summary>Whether there are as many as there should be.</summary>
    public bool IsFull => _live.Count >= instanceCountMax;

    public IEnumerable<AcknowledgedClaim> Claims => _live.SelectMany(instance => instance.Claims);

    public SoakInstance? PickOne(RandomSequence random) => _live.Count == 0 ? null : _live[random.Below(_live.Count)];

    public void Add(SoakInstance instance) => _live.Add(instance);

    public void Remove(SoakInstance instance)
    {
        var at = _live.IndexOf(instance);
        _live[at] = _live[^1];
        _live.RemoveAt(_live.Count - 1);
    }
}
