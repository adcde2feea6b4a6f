using System.IO.MemoryMappedFiles;

namespace ResourceService.FaultyDisk;

/// <summary>
/// The fault that a test has in store for a service's disk, in memory that the two processes share: set by the test, taken by the service when it is
/// the operation's turn.
/// </summary>
public sealed class DiskFaults : IDisposable
{
    private const string FileVariable = "RESOURCESERVICE_DISK_FAULTS";
    private const int Size = 16;
    private const int FaultAt = 0;
    private const int CountdownAt = 4;
    private const int RepeatsAt = 8;
    private const int StruckAt = 12;

    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _shared;

    /// <summary>Opens the shared memory, or makes it.</summary>
    /// <param name="path">Its file.</param>
    public DiskFaults(string path)
    {
        _path = path;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, mapName: null, Size);
        _shared = _file.CreateViewAccessor(0, Size);
    }

    /// <summary>What a service's environment needs so that its disk has these faults.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["DOTNET_STARTUP_HOOKS"] = typeof(DiskFaults).Assembly.Location,
        [FileVariable] = _path,
    };

    /// <summary>The fault that struck since the last <see cref="Arm"/>.</summary>
    public DiskFault Struck => (DiskFault)_shared.ReadInt32(StruckAt);

    /// <summary>Puts a fault in store.</summary>
    /// <param name="fault">What goes wrong.</param>
    /// <param name="after">How many operations go well before.</param>
    /// <param name="repeats">How many operations it then strikes, where the process survives it.</param>
    public void Arm(DiskFault fault, int after, int repeats)
    {
        Disarm();
        _shared.Write(StruckAt, (int)DiskFault.None);
        _shared.Write(CountdownAt, after);
        _shared.Write(RepeatsAt, repeats);
        // Last: the service looks at nothing else before it.
        Thread.MemoryBarrier();
        _shared.Write(FaultAt, (int)fault);
    }

    /// <summary>The disk is sound from now on.</summary>
    public void Disarm()
    {
        _shared.Write(FaultAt, (int)DiskFault.None);
        Thread.MemoryBarrier();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _shared.Dispose();
        _file.Dispose();
    }

    // The faults that this process was started with.
    internal static DiskFaults? OfThisProcess() => System.Environment.GetEnvironmentVariable(FileVariable) is { } path ? new DiskFaults(path) : null;

    // The fault of this operation, if there is one and it is of a kind that the operation can have.
    internal DiskFault Take(ReadOnlySpan<DiskFault> possible)
    {
        var fault = (DiskFault)_shared.ReadInt32(FaultAt);
        if (fault == DiskFault.None || !possible.Contains(fault))
            return DiskFault.None;
        var countdown = _shared.ReadInt32(CountdownAt);
        if (countdown > 0)
        {
            _shared.Write(CountdownAt, countdown - 1);
            return DiskFault.None;
        }

        var repeats = _shared.ReadInt32(RepeatsAt);
        _shared.Write(RepeatsAt, repeats - 1);
        if (repeats <= 1 || fault.Kills())
            _shared.Write(FaultAt, (int)DiskFault.None);
        _shared.Write(StruckAt, (int)fault);
        return fault;
    }
}
