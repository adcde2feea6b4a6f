using System.IO.Hashing;
using System.Runtime.InteropServices;
using Google.Protobuf;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Tells whether two requests say the same. The bytes are written with maps in key order: clients write maps in any order, so a retry's bytes
/// may differ from the first attempt's while its content does not. The message's name is part of it: two methods may have requests whose
/// bytes are the same, such as enabling a node and deleting it by force.
/// </summary>
internal static class Fingerprints
{
    /// <summary>A hash of a request's content.</summary>
    public static long Of(IMessage request) => (long)XxHash3.HashToUInt64(Canonical(request), NameHash(request));

    // A seed per kind of message. Names are short; hashing one costs a few nanoseconds.
    private static long NameHash(IMessage request) =>
        (long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(request.Descriptor.FullName.AsSpan()));

    // A request's content in one order.
    private static ReadOnlySpan<byte> Canonical(IMessage request)
    {
        var bytes = new byte[request.CalculateSize()];
        using var output = new CodedOutputStream(bytes) { Deterministic = true };
        request.WriteTo(output);
        output.Flush();
        return bytes;
    }
}
