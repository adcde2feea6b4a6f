using System.Runtime.InteropServices;

namespace ResourceService.FaultyDisk;

/// <summary>SQLite's interface to the operating system, as sqlite3.h lays it out: sqlite3_vfs, its files, and the methods that are replaced here.</summary>
internal static unsafe partial class SqliteNative
{
    public const int Ok = 0;
    public const int Full = 13;
    public const int IoErrorWrite = 10 | (3 << 8);
    public const int IoErrorFlush = 10 | (4 << 8);
    public const int IoErrorShortRead = 10 | (2 << 8);

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_vfs_find")]
    public static partial Vfs* FindVfs(byte* name);

    /// <summary>The beginning of sqlite3_vfs; what comes behind it is left as it is.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Vfs
    {
        public int Version;
        public int FileSize;
        public int PathnameMax;
        public Vfs* Next;
        public byte* Name;
        public void* AppData;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, SqliteFile*, int, int*, int> Open;
    }

    /// <summary>sqlite3_file; what belongs to the operating system comes behind it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SqliteFile
    {
        public IoMethods* Methods;
    }

    /// <summary>sqlite3_io_methods, third version.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct IoMethods
    {
        public int Version;
        public delegate* unmanaged[Cdecl]<SqliteFile*, int> Close;
        public delegate* unmanaged[Cdecl]<SqliteFile*, byte*, int, long, int> Read;
        public delegate* unmanaged[Cdecl]<SqliteFile*, byte*, int, long, int> Write;
        public delegate* unmanaged[Cdecl]<SqliteFile*, long, int> Truncate;
        public delegate* unmanaged[Cdecl]<SqliteFile*, int, int> Sync;
        public delegate* unmanaged[Cdecl]<SqliteFile*, long*, int> FileSize;
        public fixed ulong Others[12];
    }
}
