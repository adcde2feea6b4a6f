namespace ResourceService.Ledger.Devices;

/// <summary>
/// Which claim owns each device. Always what the claims of the node say: it is only ever made from them. Devices stand in the order of the node's
/// report; an owned device that the host no longer reports has no place, but blocks its parent, and is counted again when it comes back.
/// </summary>
public sealed class DeviceUsage
{
    // A claim's sequence beside each device; 0 where nobody owns it.
    private readonly long[] _owners;

    // How many owned functions of each device the host no longer reports; null when there are none, as nearly always.
    private readonly int[]? _missingChildren;

    private DeviceUsage(long[] owners, int[]? missingChildren = null)
    {
        _owners = owners;
        _missingChildren = missingChildren;
    }

    /// <summary>Nobody owns anything.</summary>
    public static DeviceUsage None(ValueList<Device> devices) => devices.Count == 0 ? _ofNoDevices : new DeviceUsage(new long[devices.Count]);

    private static readonly DeviceUsage _ofNoDevices = new([]);

    /// <summary>The owner of each device, by its claim's sequence; 0 for a device that nobody owns.</summary>
    public ReadOnlySpan<long> Owners => _owners;

    /// <summary>Whether a function of the device is owned that the host no longer reports.</summary>
    public bool HasMissingChildren(int index) => _missingChildren?[index] > 0;

    /// <summary>With devices given to a claim.</summary>
    public DeviceUsage With(ValueList<Device> devices, ValueList<AssignedDevice> assigned, long claim) => Changed(devices, assigned, 0, claim);

    /// <summary>Without the devices of a claim.</summary>
    public DeviceUsage Without(ValueList<Device> devices, ValueList<AssignedDevice> assigned, long claim) => Changed(devices, assigned, claim, 0);

    private DeviceUsage Changed(ValueList<Device> devices, ValueList<AssignedDevice> assigned, long before, long after)
    {
        if (assigned.Count == 0)
            return this;
        var pools = DevicePools.Of(devices);
        var owners = (long[])_owners.Clone();
        var missingChildren = (int[]?)_missingChildren?.Clone();
        foreach (var device in assigned)
        {
            var place = pools.IndexOf(device.Address);
            if (place >= 0)
            {
                Invariant.Require(owners[place] == before, "a device has one owner");
                owners[place] = after;
            }
            else if (device.ParentAddress is { } parent && pools.IndexOf(parent) is >= 0 and var parentPlace)
            {
                missingChildren ??= new int[owners.Length];
                missingChildren[parentPlace] += before == 0 ? 1 : -1;
            }
        }

        return new DeviceUsage(owners, missingChildren);
    }
}
