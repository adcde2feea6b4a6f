namespace ResourceService.Ledger.Numa;

/// <summary>The NUMA topology that an instance needs. Each cell is placed on a host cell of its own.</summary>
/// <param name="Cells">The guest's cells, at least one.</param>
/// <param name="CpuPolicy">How vCPUs run on host CPUs.</param>
/// <param name="ThreadPolicy">How pinned vCPUs use the threads of a core.</param>
/// <param name="EmulatorThreads">Where the threads of the emulator run.</param>
/// <param name="PackCells">Whether the fullest host cells are tried first instead of the emptiest.</param>
public sealed record NumaRequest(
    ValueList<NumaCellRequest> Cells, CpuPolicy CpuPolicy, CpuThreadPolicy ThreadPolicy, EmulatorThreadsPolicy EmulatorThreads, bool PackCells);

/// <summary>One guest cell.</summary>
/// <param name="SharedVcpus">Guest CPUs that float.</param>
/// <param name="DedicatedVcpus">Guest CPUs that are pinned.</param>
/// <param name="MemoryMb">Memory in MiB.</param>
/// <param name="PageSizePolicy">Which page sizes will do.</param>
/// <param name="PageSizeKb">With <see cref="PageSizePolicy.Explicit"/>: the size in KiB; otherwise 0.</param>
public sealed record NumaCellRequest(
    CpuSet SharedVcpus, CpuSet DedicatedVcpus, long MemoryMb, PageSizePolicy PageSizePolicy, long PageSizeKb);

/// <summary>How vCPUs run on host CPUs. Numbers are stored: only add.</summary>
public enum CpuPolicy
{
    /// <summary>All vCPUs float over the shared CPUs of the host cell.</summary>
    Shared = 1,

    /// <summary>Each vCPU is pinned to a dedicated CPU of its own.</summary>
    Dedicated = 2,

    /// <summary>Some float, some are pinned.</summary>
    Mixed = 3,
}

/// <summary>How pinned vCPUs use the hardware threads of a core. Numbers are stored: only add.</summary>
public enum CpuThreadPolicy
{
    /// <summary>Siblings where possible, any CPUs otherwise.</summary>
    Prefer = 1,

    /// <summary>Siblings only.</summary>
    Require = 2,

    /// <summary>One vCPU for each core; the core's other threads stay idle. See <see cref="CellLayout.CanIsolate"/>.</summary>
    Isolate = 3,
}

/// <summary>Where the threads of the emulator run. Numbers are stored: only add.</summary>
public enum EmulatorThreadsPolicy
{
    /// <summary>With the vCPUs.</summary>
    WithVcpus = 0,

    /// <summary>On the host's shared CPUs; nothing is set aside.</summary>
    Share = 1,

    /// <summary>On one more dedicated CPU, on the host cell of request cell 0.</summary>
    Isolate = 2,
}

/// <summary>Which page sizes of a host cell will do. Numbers are stored: only add.</summary>
public enum PageSizePolicy
{
    /// <summary>No page size is asked for.</summary>
    None = 0,

    /// <summary>The smallest of the cell.</summary>
    Small = 1,

    /// <summary>The biggest with room, the smallest of the cell excepted.</summary>
    Large = 2,

    /// <summary>The biggest with room.</summary>
    Any = 3,

    /// <summary>Exactly the size named.</summary>
    Explicit = 4,
}
