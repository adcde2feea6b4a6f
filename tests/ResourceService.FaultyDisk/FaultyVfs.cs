using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static ResourceService.FaultyDisk.SqliteNative;

namespace ResourceService.FaultyDisk;

/// <summary>
/// Puts faults between SQLite and the operating system, in the files of databases and of their logs: SQLite asks the real functions for everything,
/// and only learns of a fault what an application would.
/// </summary>
internal static unsafe class FaultyVfs
{
    private const int MainDatabase = 0x100;
    private const int WriteAheadLog = 0x80000;
    private const int StallMs = 40;

    private static readonly DiskFault[] _ofAll = [DiskFault.Stall, DiskFault.PowerLoss, DiskFault.PowerLossOutOfOrder];

    private static readonly DiskFault[] _ofWrites =
        [.. _ofAll, DiskFault.WriteFails, DiskFault.DiskFull, DiskFault.WriteTorn, DiskFault.KillBefore, DiskFault.KillTorn];

    private static readonly DiskFault[] _ofFlushes = [.. _ofAll, DiskFault.FlushFails, DiskFault.KillAfterFlush, DiskFault.PowerLossAfterFlush];

    private static readonly Lock _gate = new();

    // By the address of SQLite's handle.
    private static readonly ConcurrentDictionary<nint, FaultyFile> _files = new();

    // Copies of the real functions with those of this class in their place, by the address of the real ones; the operating system has a few.
    private static readonly ConcurrentDictionary<nint, nint> _methods = new();

    private static DiskFaults _faults = null!;
    private static delegate* unmanaged[Cdecl]<Vfs*, byte*, SqliteFile*, int, int*, int> _open;

    public static void Install(DiskFaults faults)
    {
        _faults = faults;
        var vfs = FindVfs(null);
        _open = vfs->Open;
        vfs->Open = &Open;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(Vfs* vfs, byte* name, SqliteFile* file, int flags, int* flagsOut)
    {
        var result = _open(vfs, name, file, flags, flagsOut);
        if (result != Ok || name is null || (flags & (MainDatabase | WriteAheadLog)) == 0)
            return result;
        var real = file->Methods;
        _files[(nint)file] = new FaultyFile(file, real);
        file->Methods = (IoMethods*)_methods.GetOrAdd((nint)real, WithFaults);
        return Ok;
    }

    private static nint WithFaults(nint real)
    {
        var methods = (IoMethods*)NativeMemory.Alloc((nuint)sizeof(IoMethods));
        *methods = *(IoMethods*)real;
        methods->Write = &Write;
        methods->Sync = &Flush;
        methods->Close = &Close;
        return (nint)methods;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(SqliteFile* handle, byte* bytes, int count, long offset)
    {
        lock (_gate)
        {
            var file = _files[(nint)handle];
            var fault = _faults.Take(_ofWrites);
            StrikeBefore(fault);
            switch (fault)
            {
                case DiskFault.WriteFails:
                    return IoErrorWrite;
                case DiskFault.DiskFull:
                    return Full;
                case DiskFault.WriteTorn:
                    file.Write(bytes, count / 2, offset);
                    return IoErrorWrite;
                case DiskFault.KillTorn:
                    file.Write(bytes, count / 2, offset);
                    Die();
                    break;
            }

            return file.Write(bytes, count, offset);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Flush(SqliteFile* handle, int flags)
    {
        lock (_gate)
        {
            var fault = _faults.Take(_ofFlushes);
            StrikeBefore(fault);
            if (fault == DiskFault.FlushFails)
                return IoErrorFlush;
            var result = _files[(nint)handle].Flush(flags);
            if (fault == DiskFault.KillAfterFlush)
                Die();
            if (fault == DiskFault.PowerLossAfterFlush)
                LosePower(inOrder: true);
            return result;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Close(SqliteFile* handle)
    {
        lock (_gate)
        {
            _files.Remove((nint)handle, out var file);
            return file!.Close();
        }
    }

    // What strikes writes and flushes alike, and all that comes before the operation.
    private static void StrikeBefore(DiskFault fault)
    {
        switch (fault)
        {
            case DiskFault.Stall:
                Stall();
                break;
            case DiskFault.KillBefore:
                Die();
                break;
            case DiskFault.PowerLoss:
                LosePower(inOrder: true);
                break;
            case DiskFault.PowerLossOutOfOrder:
                LosePower(inOrder: false);
                break;
        }
    }

    [DoesNotReturn]
    private static void LosePower(bool inOrder)
    {
        foreach (var file in _files.Values)
            file.LoseUnflushed(inOrder);
        Die();
    }

    private static void Stall()
    {
#pragma warning disable RS0030 // nothing is waited for: time is what a slow disk takes
        Thread.Sleep(StallMs);
#pragma warning restore RS0030
    }

    // As the kernel would: nothing of the process runs after it.
    [DoesNotReturn]
    private static void Die()
    {
        Process.GetCurrentProcess().Kill();
        throw new UnreachableException();
    }
}
