namespace ResourceService.Ledger.Devices;

/// <summary>What kind of PCI function a device is. Numbers are stored: only add.</summary>
public enum DeviceType
{
    /// <summary>A plain PCI device.</summary>
    Pci = 1,

    /// <summary>An SR-IOV physical function.</summary>
    PhysicalFunction = 2,

    /// <summary>An SR-IOV virtual function; it has a parent.</summary>
    VirtualFunction = 3,

    /// <summary>A vDPA device.</summary>
    Vdpa = 4,
}

/// <summary>A PCI device that a claim can own.</summary>
/// <param name="Address">Its PCI address, unique on the node.</param>
/// <param name="VendorId">Four hexadecimal digits.</param>
/// <param name="ProductId">Four hexadecimal digits.</param>
/// <param name="Type">The kind of function.</param>
/// <param name="ParentAddress">The physical function of a virtual one.</param>
/// <param name="NumaCell">The cell it is attached to, where the host knows it.</param>
/// <param name="Tags">What the operator says of it, such as the physical network; ordered by key.</param>
public sealed record Device(
    string Address,
    string VendorId,
    string ProductId,
    DeviceType Type,
    string? ParentAddress,
    int? NumaCell,
    ValueList<KeyValuePair<string, string>> Tags);
