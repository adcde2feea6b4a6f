using System.Buffers.Binary;

namespace ResourceService.Load.Driving;

/// <summary>The frames in which gRPC puts messages on a stream: a byte for compression (never used here), a length in four bytes, the message.</summary>
internal static class MessageFrames
{
    public const int HeaderLength = 5;

    public static void WriteHeader(Span<byte> frame, int messageLength)
    {
        frame[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(frame[1..], messageLength);
    }

    /// <summary>Takes the next whole message from the front of what was received; false when more must be received first.</summary>
    public static bool TryRead(ref ReadOnlyMemory<byte> received, out ReadOnlyMemory<byte> message)
    {
        message = default;
        if (received.Length < HeaderLength)
        {
            return false;
        }
        var length = BinaryPrimitives.ReadInt32BigEndian(received.Span[1..]);
        if (received.Length < HeaderLength + length)
        {
            return false;
        }
        message = received.Slice(HeaderLength, length);
        received = received[(HeaderLength + length)..];
        return true;
    }
}
