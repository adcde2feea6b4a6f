using static ResourceService.FaultyDisk.SqliteNative;

namespace ResourceService.FaultyDisk;

/// <summary>One open file, and what stood where it was written since the last flush: what a loss of power brings back.</summary>
internal sealed unsafe class FaultyFile(SqliteFile* handle, IoMethods* real)
{
    private readonly Stack<(byte[] Before, long Offset)> _unflushed = [];

    public int Write(byte* bytes, int count, long offset)
    {
        var before = new byte[count];
        fixed (byte* read = before)
        {
            // Beyond the end of the file it reads zeros.
            if (real->Read(handle, read, count, offset) is not (Ok or IoErrorShortRead) and var failed)
                return failed;
        }

        _unflushed.Push((before, offset));
        return real->Write(handle, bytes, count, offset);
    }

    public int Flush(int flags)
    {
        var result = real->Sync(handle, flags);
        if (result == Ok)
            _unflushed.Clear();
        return result;
    }

    public int Close() => real->Close(handle);

    /// <summary>Takes writes back, the newest first: all, or every second one, as a disk may that writes in an order of its own.</summary>
    public void LoseUnflushed(bool inOrder)
    {
        for (var number = 0; _unflushed.TryPop(out var write); number++)
        {
            if (!inOrder && number % 2 == 1)
                continue;
            fixed (byte* before = write.Before)
                real->Write(handle, before, write.Before.Length, write.Offset);
        }
    }
}
