namespace ResourceService.Ledger.Devices;

/// <summary>A number of devices that an instance needs.</summary>
/// <param name="Name">By which assignments and refusals refer to it; unique in its request.</param>
/// <param name="Count">How many devices; at least 1.</param>
/// <param name="Alternatives">Descriptions; a device that matches any of them is suitable.</param>
/// <param name="NumaPolicy">How close the devices must be to the NUMA cells of the instance; of no effect without cells.</param>
public sealed record DeviceRequest(string Name, int Count, ValueList<DeviceDescription> Alternatives, DeviceNumaPolicy NumaPolicy)
{
    /// <summary>The most requests that a caller may make for an instance.</summary>
    public const int RequestsMax = 32;
}

/// <summary>A description of suitable devices. Everything that is set must match; ids and tag values are compared without case.</summary>
/// <param name="VendorId">Four hexadecimal digits; null matches all.</param>
/// <param name="ProductId">Four hexadecimal digits; null matches all.</param>
/// <param name="Type">The kind of function; null matches all, but a PF or a vDPA device is given only to who names its type.</param>
/// <param name="Tags">Tags that the device must have, ordered by key; a missing tag never matches.</param>
public sealed record DeviceDescription(string? VendorId, string? ProductId, DeviceType? Type, ValueList<KeyValuePair<string, string>> Tags);

/// <summary>How close devices must be to the NUMA cells of their instance. Numbers are stored: only add.</summary>
public enum DeviceNumaPolicy
{
    /// <summary>On those cells, or attached to no cell.</summary>
    Legacy = 1,

    /// <summary>On those cells only.</summary>
    Required = 2,

    /// <summary>On those cells if possible, anywhere otherwise.</summary>
    Preferred = 3,

    /// <summary>On the sockets of those cells.</summary>
    Socket = 4,
}

/// <summary>A device given to a claim.</summary>
/// <param name="RequestName">The device request that it was given for.</param>
/// <param name="Address">Its PCI address.</param>
public readonly record struct AssignedDevice(string RequestName, string Address)
{
    /// <summary>The physical function of a virtual one: what is blocked follows from the claim, also when the host reports the device no longer.</summary>
    public string? ParentAddress { get; init; }

    /// <summary>What it was when it was given: another device may stand at its address later. Null for what was given before this was kept.</summary>
    public DeviceModel? Model { get; init; }
}

/// <summary>What kind of card a device is.</summary>
/// <param name="VendorId">Four hexadecimal digits.</param>
/// <param name="ProductId">Four hexadecimal digits.</param>
/// <param name="Type">The kind of function.</param>
public sealed record DeviceModel(string VendorId, string ProductId, DeviceType Type)
{
    /// <summary>Whether a device is of this kind; ids are compared without case.</summary>
    public bool IsOf(Device device) => Type == device.Type
        && string.Equals(VendorId, device.VendorId, StringComparison.OrdinalIgnoreCase)
        && string.Equals(ProductId, device.ProductId, StringComparison.OrdinalIgnoreCase);
}
