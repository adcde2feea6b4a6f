namespace ResourceService.Ledger.Devices;

/// <summary>
/// Which claim owns each device. Always what the claims of the node say: it is only ever made from them. Devices stand in the order of the node's
/// report; an owned device that the host no longer reports is not counted, and counted again when it comes back.
/// </summary>
public sealed class DeviceUsage
{
    // A claim's sequence beside each device; 0 where nobody owns it.
    private readonly long[] _owners;

    private DeviceUsage(long[] owners) => _owners = owners;

    /// <summary>Nobody owns anything.</summary>
    public static DeviceUsage None(ValueList<Device> devices) => devices.Count == 0 ? _ofNoDevices : new DeviceUsage(new long[devices.Count]);

    private static readonly DeviceUsage _ofNoDevices = new([]);

    /// <summary>The owner of each device, by its claim's sequence; 0 for a device that nobody owns.</summary>
    public ReadOnlySpan<long> Owners => _owners;

    /// <summary>With devices given to a claim.</summary>
    public DeviceUsage With(ValueList<Device> devices, ValueList<AssignedDevice> assigned, long claim) => Changed(devices, assigned, 0, claim);

    /// <summary>Without the devices of a claim.</summary>
    public DeviceUsage Without(ValueList<Device> devices, ValueList<AssignedDevice> assigned, long claim) => Changed(devices, assigned, claim, 0);

    private DeviceUsage Changed(ValueList<Device> devices, ValueList<AssignedDevice> assigned, long before, long after)
    {
        if (assigned.Count == 0)
            return this;
        var owners = (long[])_owners.Clone();
        foreach (var device in assigned)
        {
            for (var i = 0; i < devices.Count; i++)
            {
                if (!string.Equals(devices[i].Address, device.Address, StringComparison.OrdinalIgnoreCase))
                    continue;
                Invariant.Require(owners[i] == before, "a device has one owner");
                owners[i] = after;
            }
        }

        return new DeviceUsage(owners);
    }
}
