using System.IO.Hashing;
using Google.Protobuf;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Tells whether two requests say the same. The bytes are written with maps in key order: clients write maps in any order, so a retry's bytes
/// may differ from the first attempt's while its content does not.
/// </summary>
internal static class Fingerprints
{
    /// <summary>A hash of a request's content.</summary>
    public static long Of(IMessage request) => (long)XxHash3.HashToUInt64(Canonical(request));

    /// <summary>A request's content in one order.</summary>
    public static ReadOnlySpan<byte> Canonical(IMessage request)
    {
        var bytes = new byte[request.CalculateSize()];
        using var output = new CodedOutputStream(bytes) { Deterministic = true };
        request.WriteTo(output);
        output.Flush();
        return bytes;
    }
}
