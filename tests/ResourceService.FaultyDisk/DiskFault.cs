namespace ResourceService.FaultyDisk;

/// <summary>What goes wrong at one operation of the disk.</summary>
public enum DiskFault
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A write fails and writes nothing.</summary>
    WriteFails = 1,

    /// <summary>A write finds the disk full.</summary>
    DiskFull = 2,

    /// <summary>A write fails half-way.</summary>
    WriteTorn = 3,

    /// <summary>A flush fails: nobody knows what of the writes before is on the disk.</summary>
    FlushFails = 4,

    /// <summary>An operation takes long.</summary>
    Stall = 5,

    /// <summary>The process is killed before a write.</summary>
    KillBefore = 6,

    /// <summary>The process is killed half-way through a write.</summary>
    KillTorn = 7,

    /// <summary>The process is killed when a flush is done, before anyone learns that it is.</summary>
    KillAfterFlush = 8,

    /// <summary>Power is lost before an operation: the process is killed, and everything that was not flushed is gone from the disk.</summary>
    PowerLoss = 9,

    /// <summary>Power is lost before an operation, and the disk kept every second write that was not flushed, in no order.</summary>
    PowerLossOutOfOrder = 10,

    /// <summary>Power is lost when a flush is done, before anyone learns that it is.</summary>
    PowerLossAfterFlush = 11,
}

/// <summary>What faults have in common.</summary>
public static class DiskFaultExtensions
{
    /// <summary>Whether the process ends with it.</summary>
    public static bool Kills(this DiskFault fault) => fault is
        DiskFault.KillBefore or DiskFault.KillTorn or DiskFault.KillAfterFlush
        or DiskFault.PowerLoss or DiskFault.PowerLossOutOfOrder or DiskFault.PowerLossAfterFlush;
}
