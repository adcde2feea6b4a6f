namespace ResourceService.Ledger.Devices;

/// <summary>
/// What follows from a node's report of its devices alone, worked out once for all decisions on it. Devices are referred to by their place in the
/// report. A <see cref="DeviceGroup"/> is split into pools by physical function, as Nova splits them: a pool is the children of one function, or one
/// device that is no child. So a function in use blocks whole pools, and a child in use blocks a pool of one.
/// </summary>
internal sealed class DevicePools
{
    private const int NoParent = -1;

    private readonly ValueList<Device> _devices;
    private readonly DeviceMap _byAddress;
    private readonly DeviceMap _byParent;
    private readonly int[] _parents;
    private readonly int[] _poolOf;
    private readonly DevicePool[] _pools;
    private readonly DeviceGroup[] _groups;
    private readonly int[] _sizes;

    // The devices of each pool, pool by pool; within a pool the highest address first, as Nova hands them out.
    private readonly int[] _members;

    public DevicePools(ValueList<Device> devices)
    {
        _devices = devices;
        var addresses = devices.Select(device => DeviceAddress.Parse(device.Address)).ToArray();
        _byAddress = new DeviceMap([.. addresses.Select((address, place) => (address, place))]);
        _parents = [.. devices.Select(FindParent)];
        _byParent = new DeviceMap([.. Children()]);

        var groups = new Dictionary<DeviceGroup, int>();
        var groupOf = devices.Select(device => PlaceOf(groups, DeviceGroup.Of(device))).ToArray();
        _groups = [.. groups.Keys];
        _sizes = new int[_groups.Length];
        foreach (var group in groupOf)
            _sizes[group]++;

        // Nova's order: the pools with the fewest tags first, then as they were discovered. Both sorts of LINQ keep what is equal in order.
        var pools = Enumerable.Range(0, devices.Count)
            .GroupBy(place => (Group: groupOf[place], Family: ParentAddress(devices[place]) ?? addresses[place]))
            .OrderBy(pool => _groups[pool.Key.Group].Tags.Count)
            .ToArray();
        _pools = new DevicePool[pools.Length];
        _poolOf = new int[devices.Count];
        _members = new int[devices.Count];
        var first = 0;
        for (var i = 0; i < pools.Length; i++)
        {
            var end = first;
            foreach (var place in pools[i].OrderByDescending(place => addresses[place]))
            {
                _members[end++] = place;
                _poolOf[place] = i;
            }

            _pools[i] = new DevicePool(pools[i].Key.Group, first, end - first);
            first = end;
        }
    }

    public int DeviceCount => _devices.Count;

    /// <summary>The pools in the order in which they are drawn from.</summary>
    public ReadOnlySpan<DevicePool> Pools => _pools;

    public ReadOnlySpan<DeviceGroup> Groups => _groups;

    /// <summary>The number of devices of each group.</summary>
    public ReadOnlySpan<int> GroupSizes => _sizes;

    /// <summary>Whether any device is the child of another.</summary>
    public bool HasFamilies => Array.Exists(_parents, parent => parent != NoParent);

    public Device this[int place] => _devices[place];

    public int PoolOf(int place) => _poolOf[place];

    public ReadOnlySpan<int> MembersOf(in DevicePool pool) => _members.AsSpan(pool.First, pool.Count);

    /// <summary>The devices at an address: one, or none when the host does not report it.</summary>
    public ReadOnlySpan<int> At(string address) => _byAddress.At(DeviceAddress.Parse(address));

    /// <summary>The device that a device is a child of: one, or none.</summary>
    public ReadOnlySpan<int> ParentOf(int place) => _parents[place] == NoParent ? [] : _parents.AsSpan(place, 1);

    /// <summary>The children of the device at an address, which the host need not report.</summary>
    public ReadOnlySpan<int> ChildrenOf(string address) => _byParent.At(DeviceAddress.Parse(address));

    private static ulong? ParentAddress(Device device) => device.ParentAddress is null ? null : DeviceAddress.Parse(device.ParentAddress);

    private static int PlaceOf(Dictionary<DeviceGroup, int> groups, DeviceGroup group)
    {
        groups.TryAdd(group, groups.Count);
        return groups[group];
    }

    // A child has no children: the report of a longer line would be nonsense, and its last part is taken for devices on their own.
    private int FindParent(Device device)
    {
        if (ParentAddress(device) is not { } address)
            return NoParent;
        foreach (var place in _byAddress.At(address))
        {
            if (_devices[place].ParentAddress is null)
                return place;
        }

        return NoParent;
    }

    private IEnumerable<(ulong Parent, int Place)> Children()
    {
        for (var place = 0; place < _devices.Count; place++)
        {
            if (ParentAddress(_devices[place]) is { } parent && (_parents[place] != NoParent || _byAddress.At(parent).IsEmpty))
                yield return (parent, place);
        }
    }
}

/// <summary>The devices of one group that stand and fall together.</summary>
/// <param name="Group">The place of their group.</param>
/// <param name="First">Where their places begin.</param>
/// <param name="Count">How many they are.</param>
internal readonly record struct DevicePool(int Group, int First, int Count);
