using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ResourceService.Load.Driving;

/// <summary>Measures what one durable write costs on the disk below the server: fdatasync after 4 KiB, as a write-ahead log does it.</summary>
internal static class DiskProbe
{
    private const int BlockLength = 4096;
    private const int BlockCount = 256;
    private const int SyncCount = 400;

    public static LatencyReport Measure(string directory)
    {
        var path = Path.Combine(directory, "disk-probe.tmp");
        var block = new byte[BlockLength];
        new Random(1).NextBytes(block);
        var latencies = new double[SyncCount];
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, options: FileOptions.DeleteOnClose))
        {
            // The blocks exist before they are measured: a log that is reused does not grow either.
            RandomAccess.Write(file, new byte[BlockLength * BlockCount], fileOffset: 0);
            Sync(file);
            for (var i = 0; i < SyncCount; i++)
            {
                var start = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, block, fileOffset: i % BlockCount * BlockLength);
                Sync(file);
                latencies[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }
        }
        Array.Sort(latencies);
        return new LatencyReport(At(0.5), At(0.9), At(0.99), At(0.999), latencies[^1]);

        double At(double share) => latencies[(int)(share * (SyncCount - 1))];
    }

    private static void Sync(SafeFileHandle file)
    {
        if (DataSync(file) != 0)
        {
            throw new IOException($"fdatasync failed with error {Marshal.GetLastPInvokeError()}.");
        }
    }

    // .NET offers fsync only, which also writes the time of change of the file.
    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int DataSync(SafeFileHandle file);
}
