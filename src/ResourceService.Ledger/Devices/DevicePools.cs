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
        ulong[] addresses = [.. devices.Select(device => DeviceAddress.Parse(device.Address))];
        _byAddress = new DeviceMap([.. addresses], [.. Enumerable.Range(0, addresses.Length)]);
        _parents = [.. devices.Select(FindParent)];
        int[] children = [.. Enumerable.Range(0, addresses.Length).Where(IsChild)];
        _byParent = new DeviceMap([.. children.Select(place => FamilyOf(place, addresses))], children);

        var groups = new Dictionary<DeviceGroup, int>();
        var pools = new Dictionary<(int Group, ulong Family), int>();
        _poolOf = new int[addresses.Length];
        for (var place = 0; place < addresses.Length; place++)
            _poolOf[place] = Number(pools, (Number(groups, DeviceGroup.Of(devices[place])), FamilyOf(place, addresses)));
        _groups = [.. groups.Keys];
        _sizes = new int[_groups.Length];
        _pools = new DevicePool[pools.Count];
        _members = new int[addresses.Length];
        FillPools([.. pools.Keys.Select(pool => pool.Group)]);
    }

    public int DeviceCount => _devices.Count;

    /// <summary>The pools in the order in which they are drawn from.</summary>
    public ReadOnlySpan<DevicePool> Pools => _pools;

    public ReadOnlySpan<DeviceGroup> Groups => _groups;

    /// <summary>The number of devices of each group.</summary>
    public ReadOnlySpan<int> GroupSizes => _sizes;

    /// <summary>Whether any device is the child of one.</summary>
    public bool HasFamilies => !_byParent.Places.IsEmpty;

    public Device this[int place] => _devices[place];

    public int PoolOf(int place) => _poolOf[place];

    public ReadOnlySpan<int> MembersOf(in DevicePool pool) => _members.AsSpan(pool.First, pool.Count);

    /// <summary>The devices at an address: one, or none when the host does not report it.</summary>
    public ReadOnlySpan<int> At(string address) => _byAddress.At(DeviceAddress.Parse(address));

    /// <summary>The device that a device is a child of: one, or none.</summary>
    public ReadOnlySpan<int> ParentOf(int place) => _parents[place] == NoParent ? [] : _parents.AsSpan(place, 1);

    /// <summary>The children of the device at an address, which the host need not report.</summary>
    public ReadOnlySpan<int> ChildrenOf(string address) => _byParent.At(DeviceAddress.Parse(address));

    /// <summary>A device as it is given to a claim.</summary>
    public AssignedDevice Give(int place, string requestName) => new(requestName, _devices[place].Address)
    {
        ParentAddress = _devices[place].ParentAddress,
        Model = _groups[_pools[_poolOf[place]].Group].Model,
    };

    // The number of what was seen before, or else the next.
    private static int Number<T>(Dictionary<T, int> numbers, T item)
        where T : notnull
    {
        if (!numbers.TryGetValue(item, out var number))
            numbers.Add(item, number = numbers.Count);
        return number;
    }

    private ulong FamilyOf(int place, ulong[] addresses) =>
        _devices[place].ParentAddress is { } parent ? DeviceAddress.Parse(parent) : addresses[place];

    private int FindParent(Device device)
    {
        if (device.ParentAddress is null)
            return NoParent;
        foreach (var place in At(device.ParentAddress))
        {
            if (_devices[place].ParentAddress is null)
                return place;
        }

        return NoParent;
    }

    // A child has no children: a report that says otherwise is nonsense, and the last in such a line is taken for a device on its own.
    private bool IsChild(int place) => _devices[place].ParentAddress is { } parent && (_parents[place] != NoParent || At(parent).IsEmpty);

    // Nova's order: the pools of the fewest tags first, then as they were discovered; LINQ keeps what is equal in order.
    private void FillPools(int[] groupOfPool)
    {
        var order = Enumerable.Range(0, groupOfPool.Length).OrderBy(pool => _groups[groupOfPool[pool]].Tags.Count).ToArray();
        var turnOf = new int[order.Length];
        for (var i = 0; i < order.Length; i++)
            turnOf[order[i]] = i;
        var counts = new int[order.Length];
        foreach (ref var pool in _poolOf.AsSpan())
        {
            pool = turnOf[pool];
            counts[pool]++;
        }

        var first = 0;
        for (var i = 0; i < order.Length; i++)
        {
            var group = groupOfPool[order[i]];
            _pools[i] = new DevicePool(group, first, counts[i]);
            _sizes[group] += counts[i];
            first += counts[i];
        }

        // Ascending, each put before those that came first.
        foreach (var place in _byAddress.Places)
        {
            var pool = _poolOf[place];
            _members[_pools[pool].First + --counts[pool]] = place;
        }
    }
}

/// <summary>The devices of one group that stand and fall together.</summary>
/// <param name="Group">The place of their group.</param>
/// <param name="First">Where their places begin.</param>
/// <param name="Count">How many they are.</param>
internal readonly record struct DevicePool(int Group, int First, int Count);
