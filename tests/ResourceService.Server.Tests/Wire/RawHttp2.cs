using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ResourceService.Server.Tests.Wire;

/// <summary>One HTTP/2 connection by hand: it sends what no library would, and takes of the answers what it was told to take.</summary>
internal sealed class RawHttp2 : IAsyncDisposable
{
    private const byte DataType = 0;
    private const byte HeadersType = 1;
    private const byte ResetType = 3;
    private const byte SettingsType = 4;
    private const byte PingType = 6;
    private const byte EndStream = 1;
    private const byte Ack = 1;
    private const byte EndHeaders = 4;
    private const int PrefixLength = 9;

    private static readonly byte[] _preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();
    private static readonly byte[] _cancel = [0, 0, 0, 8];

    private readonly TcpClient _client;
    private readonly NetworkStream _stream;
    private readonly SemaphoreSlim _writing = new(1);
    private Task _reading = Task.CompletedTask;
    private int _lastStream = -1;
    private int _begun;
    private int _refused;

    // The stream is asked for once: of a connection that the other side has ended there is none any more.
    private RawHttp2(TcpClient client) => (_client, _stream) = (client, client.GetStream());

    /// <summary>Calls whose answers have begun to come.</summary>
    public int Begun => Volatile.Read(ref _begun);

    /// <summary>Calls that were answered with a status alone.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Ends when the service ends the connection.</summary>
    public Task Closed => _reading;

    /// <summary>Connects.</summary>
    /// <param name="address">To where.</param>
    /// <param name="window">How many bytes of each answer it takes.</param>
    /// <param name="from">From which of this machine's addresses.</param>
    public static async Task<RawHttp2> ConnectAsync(Uri address, int window, string from = "127.0.0.1")
    {
        var client = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        await client.ConnectAsync(address.Host, address.Port);
        var connection = new RawHttp2(client);
        var settings = new byte[6];
        settings[1] = 4;
        BinaryPrimitives.WriteInt32BigEndian(settings.AsSpan(2), window);
        await connection.WriteAsync([.. _preface, .. Frame(SettingsType, 0, 0, settings)]);
        connection._reading = connection.ReadAsync();
        return connection;
    }

    /// <summary>Sends a call with one message.</summary>
    public Task CallAsync(string path, ReadOnlySpan<byte> message)
    {
        var stream = Interlocked.Add(ref _lastStream, 2);
        return WriteAsync([.. Headers(stream, path), .. Frame(DataType, EndStream, stream, RawGrpc.Frame(message))]);
    }

    /// <summary>Opens and resets so many calls; fails with an IOException when the service ends the connection.</summary>
    public async Task OpenAndResetAsync(string path, int calls)
    {
        var burst = new MemoryStream();
        for (var i = 0; i < calls; i++)
        {
            var stream = Interlocked.Add(ref _lastStream, 2);
            burst.Write(Headers(stream, path));
            burst.Write(Frame(ResetType, 0, stream, _cancel));
            if (i % 100 != 99)
                continue;
            await WriteAsync(burst.ToArray());
            burst.SetLength(0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _reading;
        _writing.Dispose();
    }

    private async Task WriteAsync(byte[] bytes)
    {
        await _writing.WaitAsync();
        try
        {
            await _stream.WriteAsync(bytes);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            var prefix = new byte[PrefixLength];
            var payload = new byte[1 << 24];
            while (true)
            {
                await _stream.ReadExactlyAsync(prefix);
                var length = (prefix[0] << 16) | (prefix[1] << 8) | prefix[2];
                await _stream.ReadExactlyAsync(payload.AsMemory(0, length));
                if (prefix[3] == HeadersType)
                    Interlocked.Increment(ref (prefix[4] & EndStream) == 0 ? ref _begun : ref _refused);
                if (prefix[3] is SettingsType or PingType && (prefix[4] & Ack) == 0)
                    await WriteAsync(Frame(prefix[3], Ack, 0, prefix[3] == PingType ? payload.AsSpan(0, length) : []));
            }
        }
        catch (Exception cause) when (cause is IOException or ObjectDisposedException)
        {
            // The end of the connection, by the service or by the test.
        }
    }

    private static byte[] Headers(int stream, string path) => Frame(HeadersType, EndHeaders, stream, HeaderBlock(path));

    private static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[PrefixLength + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        frame[1] = (byte)(payload.Length >> 8);
        frame[2] = (byte)payload.Length;
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(PrefixLength));
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
