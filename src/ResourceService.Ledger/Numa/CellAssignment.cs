namespace ResourceService.Ledger.Numa;

/// <summary>
/// Where one requested cell was placed. Complete: what a claim uses of a host cell follows from it alone, whatever the host reports later.
/// </summary>
/// <param name="HostCellId">The host's number of the cell.</param>
/// <param name="PageSizeKb">Page size granted in KiB; 0 when none was asked for.</param>
/// <param name="PoolSizeKb">
/// The pool that pays for the memory, by its page size: the size granted, or the smallest of the cell when none was asked for; 0 when the cell has
/// no pools.
/// </param>
/// <param name="Pinning">The host CPU of each pinned guest CPU, by ascending guest CPU.</param>
/// <param name="EmulatorCpus">Host CPUs set aside for the threads of the emulator.</param>
/// <param name="IdleCpus">Host CPUs that must stay idle: siblings of used ones under thread policy ISOLATE, but for those that others own.</param>
/// <param name="SharedVcpus">Floating guest CPUs placed on the cell.</param>
/// <param name="MemoryMb">Memory placed on the cell in MiB.</param>
public sealed record CellAssignment(
    int HostCellId,
    long PageSizeKb,
    long PoolSizeKb,
    ValueList<PinnedCpu> Pinning,
    CpuSet EmulatorCpus,
    CpuSet IdleCpus,
    CpuSet SharedVcpus,
    long MemoryMb)
{
    /// <summary>Every host CPU that nobody else may be given.</summary>
    public CpuSet OwnedCpus() => CpuSet.From(Pinning.Select(pin => pin.HostCpu)).Union(EmulatorCpus).Union(IdleCpus);

    /// <summary>Pages taken from the pool of <see cref="PoolSizeKb"/>.</summary>
    public long PageCount => PoolSizeKb == 0 ? 0 : MemoryMb * 1024 / PoolSizeKb;
}

/// <summary>A guest CPU and the host CPU that runs it alone.</summary>
public readonly record struct PinnedCpu(int GuestCpu, int HostCpu);
