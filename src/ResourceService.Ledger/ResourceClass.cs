using System.Collections.Frozen;

namespace ResourceService.Ledger;

/// <summary>
/// The kind of a resource, by Placement's names: one of the standard classes, or <c>CUSTOM_</c> and then letters A to Z, digits and '_'.
/// </summary>
public readonly record struct ResourceClass(string Name) : IComparable<ResourceClass>
{
    /// <summary>The longest name, as in Placement.</summary>
    public const int NameLengthMax = 255;

    private const string CustomPrefix = "CUSTOM_";

    /// <summary>The class of virtual CPUs that share host CPUs.</summary>
    public static readonly ResourceClass Vcpu = new("VCPU");

    /// <summary>The class of host CPUs given to one instance alone.</summary>
    public static readonly ResourceClass Pcpu = new("PCPU");

    /// <summary>The class of memory, in MiB.</summary>
    public static readonly ResourceClass MemoryMb = new("MEMORY_MB");

    /// <summary>The class of disk space, in GiB.</summary>
    public static readonly ResourceClass DiskGb = new("DISK_GB");

    // The names of the os-resource-classes library; they never change their meaning. Interned, so that equal names are mostly one object.
    private static readonly FrozenDictionary<string, string> _standard = new[]
    {
        Vcpu.Name, Pcpu.Name, MemoryMb.Name, DiskGb.Name,
        "PCI_DEVICE", "SRIOV_NET_VF", "NUMA_SOCKET", "NUMA_CORE", "NUMA_THREAD", "NUMA_MEMORY_MB", "IPV4_ADDRESS", "VGPU",
        "VGPU_DISPLAY_HEAD", "NET_BW_EGR_KILOBIT_PER_SEC", "NET_BW_IGR_KILOBIT_PER_SEC", "MEM_ENCRYPTION_CONTEXT", "FPGA", "PGPU",
        "NET_PACKET_RATE_KILOPACKET_PER_SEC", "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC", "NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC",
    }.ToFrozenDictionary(name => name, name => name, StringComparer.Ordinal);

    /// <summary>Whether it is one of Placement's own classes.</summary>
    public bool IsStandard => !Name.StartsWith(CustomPrefix, StringComparison.Ordinal);

    /// <summary>Reads a name; false when it is neither a standard class nor a well-formed custom one.</summary>
    public static bool TryParse(string name, out ResourceClass resourceClass)
    {
        if (_standard.TryGetValue(name, out var standard))
        {
            resourceClass = new ResourceClass(standard);
            return true;
        }

        resourceClass = new ResourceClass(name);
        return name.Length > CustomPrefix.Length
            && name.Length <= NameLengthMax
            && name.StartsWith(CustomPrefix, StringComparison.Ordinal)
            && !name.AsSpan().ContainsAnyExcept(CustomCharacters);
    }

    private static readonly System.Buffers.SearchValues<char> CustomCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    /// <inheritdoc/>
    public int CompareTo(ResourceClass other) => string.CompareOrdinal(Name, other.Name);

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Compares two names in ordinal order.</summary>
    public static bool operator <(ResourceClass left, ResourceClass right) => left.CompareTo(right) < 0;

    /// <summary>Compares two names in ordinal order.</summary>
    public static bool operator >(ResourceClass left, ResourceClass right) => left.CompareTo(right) > 0;

    /// <summary>Compares two names in ordinal order.</summary>
    public static bool operator <=(ResourceClass left, ResourceClass right) => left.CompareTo(right) <= 0;

    /// <summary>Compares two names in ordinal order.</summary>
    public static bool operator >=(ResourceClass left, ResourceClass right) => left.CompareTo(right) >= 0;
}
