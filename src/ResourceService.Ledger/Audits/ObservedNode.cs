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

/// <summary>An instance as its host runs it.</summary>
/// <param name="Instance">The instance; empty states are not compared.</param>
/// <param name="Amounts">What it has; empty is not compared, and cannot be adopted.</param>
/// <param name="Cells">Where its guest cells are; empty is not compared.</param>
/// <param name="DeviceAddresses">The devices attached to it.</param>
public sealed record ObservedInstance(
    Instance Instance, ResourceAmounts Amounts, ValueList<ObservedCell> Cells, ValueList<string> DeviceAddresses);

/// <summary>What one guest cell has on its host.</summary>
/// <param name="HostCellId">The host's number of the cell.</param>
/// <param name="PageSizeKb">The page size of its memory in KiB; 0 when it is not known.</param>
/// <param name="Pinning">The host CPU of each pinned guest CPU, by ascending guest CPU.</param>
/// <param name="EmulatorCpus">Host CPUs set aside for the threads of the emulator.</param>
/// <param name="SharedVcpus">Floating guest CPUs.</param>
/// <param name="MemoryMb">Memory in MiB; 0 when it is not known.</param>
public sealed record ObservedCell(
    int HostCellId, long PageSizeKb, ValueList<PinnedCpu> Pinning, CpuSet EmulatorCpus, CpuSet SharedVcpus, long MemoryMb);
