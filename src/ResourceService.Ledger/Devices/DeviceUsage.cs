using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Devices;

/// <summary>
/// Which claim owns each device. Always what the claims of the node say: it is only ever made from them. Devices stand in the order of the node's
/// report. A device is free when nobody owns it and no relative of it is owned: a physical function in use blocks its children, a child in use its
/// function. An owned device that the host no longer reports blocks its relatives all the same, and counts again when it comes back.
/// </summary>
public sealed class DeviceUsage
{
    private static readonly DeviceUsage _ofNoDevices = new(new DevicePools([]));

    // A claim's sequence beside each device; 0 where nobody owns it.
    private readonly long[] _owners;

    // How many relatives of each device are owned.
    private readonly int[] _blockers;

    // Free devices of each pool and of each group: the sums over the two arrays above.
    private readonly int[] _freeOfPool;
    private readonly int[] _freeOfGroup;

    private DeviceUsage(DevicePools pools)
    {
        Pools = pools;
        _owners = new long[pools.DeviceCount];
        _blockers = new int[pools.DeviceCount];
        _freeOfPool = new int[pools.Pools.Length];
        for (var i = 0; i < _freeOfPool.Length; i++)
            _freeOfPool[i] = pools.Pools[i].Count;
        _freeOfGroup = pools.GroupSizes.ToArray();
    }

    private DeviceUsage(DeviceUsage other)
    {
        Pools = other.Pools;
        _owners = (long[])other._owners.Clone();
        _blockers = (int[])other._blockers.Clone();
        _freeOfPool = (int[])other._freeOfPool.Clone();
        _freeOfGroup = (int[])other._freeOfGroup.Clone();
    }

    /// <summary>The owner of each device, by its claim's sequence; 0 for a device that nobody owns.</summary>
    public ReadOnlySpan<long> Owners => _owners;

    /// <summary>What the report says of the devices.</summary>
    internal DevicePools Pools { get; }

    internal ReadOnlySpan<int> FreeOfPool => _freeOfPool;

    internal ReadOnlySpan<int> FreeOfGroup => _freeOfGroup;

    /// <summary>Nobody owns anything.</summary>
    public static DeviceUsage None(ValueList<Device> devices) => devices.Count == 0 ? _ofNoDevices : new DeviceUsage(new DevicePools(devices));

    /// <summary>What the claims own of the devices.</summary>
    public static DeviceUsage Of(ValueList<Device> devices, IEnumerable<Claim> claims)
    {
        var usage = None(devices);
        if (devices.Count == 0)
            return usage;
        foreach (var claim in claims)
            usage.Change(claim.Assignment.Devices, 0, claim.Id.Sequence);
        return usage;
    }

    /// <summary>With devices given to a claim.</summary>
    public DeviceUsage With(ValueList<AssignedDevice> assigned, long claim) => Changed(assigned, 0, claim);

    /// <summary>Without the devices of a claim.</summary>
    public DeviceUsage Without(ValueList<AssignedDevice> assigned, long claim) => Changed(assigned, claim, 0);

    /// <summary>What can be done with the device at a place of the report.</summary>
    public DeviceStatus StatusOf(int place) => _owners[place] != 0 ? DeviceStatus.Claimed
        : _blockers[place] > 0 ? DeviceStatus.Blocked
        : DeviceStatus.Free;

    /// <summary>The devices that a claim owns although the host no longer reports them.</summary>
    public IEnumerable<AssignedDevice> MissingOf(Claim claim) => claim.Assignment.Devices.Where(device => Pools.At(device.Address).IsEmpty);

    internal bool IsFree(int place) => _owners[place] == 0 && _blockers[place] == 0;

    private DeviceUsage Changed(ValueList<AssignedDevice> assigned, long before, long after)
    {
        if (assigned.Count == 0 || _owners.Length == 0)
            return this;
        var changed = new DeviceUsage(this);
        changed.Change(assigned, before, after);
        return changed;
    }

    // Only while nobody else sees this usage.
    private void Change(ValueList<AssignedDevice> assigned, long before, long after)
    {
        foreach (ref readonly var device in assigned.Span)
        {
            var reported = Pools.At(device.Address);
            foreach (var place in reported)
            {
                Invariant.Require(_owners[place] == before, "a device has one owner");
                var wasFree = IsFree(place);
                _owners[place] = after;
                CountFree(place, wasFree);
                Block(Pools.ParentOf(place), taken: after != 0);
            }

            if (reported.IsEmpty && device.ParentAddress is not null)
                Block(Pools.At(device.ParentAddress), taken: after != 0);
            Block(Pools.ChildrenOf(device.Address), taken: after != 0);
        }
    }

    private void Block(ReadOnlySpan<int> relatives, bool taken)
    {
        foreach (var place in relatives)
        {
            var wasFree = IsFree(place);
            _blockers[place] += taken ? 1 : -1;
            CountFree(place, wasFree);
        }
    }

    private void CountFree(int place, bool wasFree)
    {
        var difference = (IsFree(place) ? 1 : 0) - (wasFree ? 1 : 0);
        var pool = Pools.PoolOf(place);
        _freeOfPool[pool] += difference;
        _freeOfGroup[Pools.Pools[pool].Group] += difference;
    }
}

/// <summary>What can be done with a device.</summary>
public enum DeviceStatus
{
    /// <summary>It can be claimed.</summary>
    Free,

    /// <summary>A claim owns it.</summary>
    Claimed,

    /// <summary>Its parent or one of its children is owned.</summary>
    Blocked,
}
