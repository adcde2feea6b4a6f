using System.Buffers.Binary;

namespace ResourceService.Testing;

/// <summary>Names that no other test uses, so that tests can share one service.</summary>
public static class Unique
{
    private static long _last;

    /// <summary>An id that says what it is of.</summary>
    public static string Id(string kind) => $"{kind}-{Next()}";

    /// <summary>A trait.</summary>
    public static string Trait() => $"CUSTOM_TRAIT_{Next()}";

    /// <summary>A request id: the version and variant bits of a random UUID, a running number inside.</summary>
    public static string RequestId()
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes[6] = 0x40;
        bytes[8] = 0x80;
        BinaryPrimitives.WriteInt32BigEndian(bytes, Environment.ProcessId);
        BinaryPrimitives.WriteInt32BigEndian(bytes[12..], (int)Next());
        return new Guid(bytes, bigEndian: true).ToString();
    }

    private static long Next() => Interlocked.Increment(ref _last);
}
