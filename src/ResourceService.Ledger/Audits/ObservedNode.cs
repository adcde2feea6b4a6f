using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Audits;

/// <summary>A host as its agent saw it.</summary>
/// <param name="Generation">The node's generation, read before the picture was taken: what changed after it is not corrected.</param>
/// <param name="ObserveTime">When the picture was taken.</param>
/// <param name="Scopes">The parts that are complete, so that what is missing from them is really missing.</param>
/// <param name="Inventories">What the host has, by class.</param>
/// <param name="Numa">Its NUMA cells; null when it has none, or did not say.</param>
/// <param name="Devices">Its devices, in the order of discovery.</param>
/// <param name="Instances">What it runs; each instance once.</param>
public sealed record ObservedNode(
    long Generation,
    Instant ObserveTime,
    AuditScopes Scopes,
    InventoryTable Inventories,
    NumaTopology? Numa,
    ValueList<Device> Devices,
    ValueList<ObservedInstance> Instances)
{
    /// <summary>What of the host itself the report says in a way that cannot be read. It is left out of the fields above, as if it had not been named.</summary>
    public ValueList<UnreadablePart> Unreadable { get; init; } = [];

    /// <summary>Whether the report covers a part completely.</summary>
    public bool Covers(AuditScopes scope) => (Scopes & scope) != AuditScopes.None;
}

/// <summary>Parts of a host.</summary>
[Flags]
public enum AuditScopes
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The inventories.</summary>
    Inventories = 1,

    /// <summary>The NUMA topology.</summary>
    NumaTopology = 2,

    /// <summary>The devices.</summary>
    Devices = 4,

    /// <summary>The instances.</summary>
    Instances = 8,
}

/// <summary>A class, cell or device of a host that cannot be read.</summary>
/// <param name="Part">The part of the report that names it.</param>
/// <param name="Subject">What it is called there, for people.</param>
/// <param name="Reason">What of it breaks which rule.</param>
public sealed record UnreadablePart(AuditScopes Part, string Subject, string Reason);

/// <summary>An instance as its host runs it.</summary>
/// <param name="Instance">The instance; empty states are not compared.</param>
/// <param name="Amounts">What it has; empty is not compared, and cannot be adopted.</param>
/// <param name="Cells">Where its guest cells are; empty is not compared.</param>
/// <param name="DeviceAddresses">The devices attached to it.</param>
public sealed record ObservedInstance(
    Instance Instance, ResourceAmounts Amounts, ValueList<ObservedCell> Cells, ValueList<string> DeviceAddresses)
{
    /// <summary>
    /// Whether <see cref="DeviceAddresses"/> are all that are attached. False when others may be; null when the report does not say, so that what is not
    /// named is told and left alone.
    /// </summary>
    public bool? NamesAllDevices { get; init; } = true;

    /// <summary>Whether cells without CPUs for the emulator have none; otherwise it is not known which they have.</summary>
    public bool KnowsEmulatorCpus { get; init; } = true;

    /// <summary>How its pinned CPUs use the threads of a core; null when that is not known.</summary>
    public CpuThreadPolicy? ThreadPolicy { get; init; }

    /// <summary>
    /// What of it the report says in a way that cannot be read. What is understood of it stands in the other fields: the instance occupies that, but its
    /// claim is not corrected to it.
    /// </summary>
    public InstanceParts Unreadable { get; init; }

    /// <summary>What of it breaks which rule; empty when all of it can be read.</summary>
    public string UnreadableReason { get; init; } = "";

    /// <summary>Whether the report names any guest CPU: each instance has one, so that a report without any does not know them.</summary>
    public bool KnowsCpus => Cells.Any(cell => cell.Pinning.Count > 0 || cell.SharedVcpus.Count > 0);

    /// <summary>Whether it can be given a claim that says all of what it has.</summary>
    public bool CanBeAdopted => Amounts.Count > 0 && (Unreadable & ~InstanceParts.Others) == InstanceParts.None;
}

/// <summary>Parts of an instance.</summary>
[Flags]
public enum InstanceParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Its id: no claim can have it.</summary>
    Name = 1,

    /// <summary>Its amounts: classes that are not among them may be there.</summary>
    Amounts = 2,

    /// <summary>Its cells.</summary>
    Cells = 4,

    /// <summary>What leaves all the rest as it is said: states, devices of kinds that no claim owns, guest CPUs that share a host CPU.</summary>
    Others = 8,

    /// <summary>All of it: it is named twice, and not alike.</summary>
    Whole = 16,
}

/// <summary>What one guest cell has on its host.</summary>
/// <param name="HostCellId">The host's number of the cell.</param>
/// <param name="PageSizeKb">The page size of its memory in KiB; 0 when it is not known.</param>
/// <param name="Pinning">The host CPU of each pinned guest CPU, by ascending guest CPU.</param>
/// <param name="EmulatorCpus">Host CPUs set aside for the threads of the emulator.</param>
/// <param name="SharedVcpus">Floating guest CPUs.</param>
/// <param name="MemoryMb">Memory in MiB; 0 when it is not known.</param>
public sealed record ObservedCell(
    int HostCellId, long PageSizeKb, ValueList<PinnedCpu> Pinning, CpuSet EmulatorCpus, CpuSet SharedVcpus, long MemoryMb);
