using System.Runtime.InteropServices;
using System.Text;

namespace ResourceService.Storage.Sqlite;

/// <summary>
/// What tells a file from another one of its name, and whether it was written since. Linux alone says it here; elsewhere nothing is known of a file.
/// </summary>
internal readonly partial record struct FileStamp(ulong Device, ulong Inode, ulong Size, long WriteSeconds, uint WriteNanoseconds)
{
    private const int CurrentFolder = -100;
    private const uint BasicFields = 0x7ff;

    /// <summary>Whether files can be told apart here.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux() && Probe();

    /// <summary>The bytes of a path as <see cref="Read"/> takes them: made once, read at every commit.</summary>
    public static byte[] PathBytes(string path) => Encoding.UTF8.GetBytes(path + '\0');

    /// <summary>The file that a path leads to now; null when there is none. Throws when the system does not say.</summary>
    public static FileStamp? Read(byte[] path)
    {
        if (Stat(CurrentFolder, path, flags: 0, BasicFields, out var stat) == 0)
        {
            return new FileStamp(
                ((ulong)stat.DeviceMajor << 32) | stat.DeviceMinor, stat.Inode, stat.Size, stat.WriteSeconds, stat.WriteNanoseconds);
        }

        const int NoSuchFile = 2;
        const int NoFolder = 20;
        return Marshal.GetLastPInvokeError() is NoSuchFile or NoFolder
            ? null
            : throw new IOException($"The file cannot be looked at: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    /// <summary>Whether it is the same file, whatever was written to it.</summary>
    public bool IsSameFile(FileStamp other) => Inode == other.Inode && Device == other.Device;

    // An old C library has no statx.
    private static bool Probe()
    {
        try
        {
            return Read(PathBytes("/")) is not null;
        }
        catch (Exception cause) when (cause is EntryPointNotFoundException or DllNotFoundException or IOException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int Stat(int folder, byte[] path, int flags, uint mask, out StatX stat);

    // struct statx of linux/stat.h, which is the same on every architecture; only what is read here has a name.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatX
    {
        [FieldOffset(32)]
        public ulong Inode;
        [FieldOffset(40)]
        public ulong Size;
        [FieldOffset(112)]
        public long WriteSeconds;
        [FieldOffset(120)]
        public uint WriteNanoseconds;
        [FieldOffset(136)]
        public uint DeviceMajor;
        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
