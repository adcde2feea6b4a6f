using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ResourceService.Testing;

/// <summary>One HTTP/2 connection by hand: it sends what no library would, and takes of the answers what it was told to take.</summary>
public sealed class RawHttp2 : IAsyncDisposable
{
    private const byte DataType = 0;
    private const byte HeadersType = 1;
    private const byte ResetType = 3;
    private const byte SettingsType = 4;
    private const byte PingType = 6;
    private const byte GoAwayType = 7;
    private const byte WindowType = 8;
    private const byte EndStream = 1;
    private const byte Ack = 1;
    private const byte EndHeaders = 4;
    private const int PrefixLength = 9;
    private const int MessagePrefixLength = 5;
    private const int FrameBytesMax = 16 * 1024;
    private const int WindowDefault = 65_535;

    private static readonly byte[] _preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();
    private static readonly byte[] _cancel = [0, 0, 0, 8];

    private readonly TcpClient _client;
    private readonly NetworkStream _stream;
    private readonly SemaphoreSlim _writing = new(1);
    private Task _reading = Task.CompletedTask;
    private int _lastStream = -1;
    private int _begun;
    private int _refused;
    private int _ended;
    private int _goAwayCode = -1;

    // The stream is asked for once: of a connection that the other side has ended there is none any more.
    private RawHttp2(TcpClient client) => (_client, _stream) = (client, client.GetStream());

    /// <summary>Calls whose answers have begun to come.</summary>
    public int Begun => Volatile.Read(ref _begun);

    /// <summary>Calls that were answered with a status alone.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Calls whose answers have come to their end, or were reset by the service.</summary>
    public int Ended => Volatile.Read(ref _ended);

    /// <summary>Ends when the service ends the connection.</summary>
    public Task Closed => _reading;

    /// <summary>The deadline that calls carry from now on, as gRPC writes it: <c>1m</c> is a millisecond.</summary>
    public string? Deadline { get; set; }

    /// <summary>The error that the service ended the connection with (RFC 9113, section 7); null when it gave none.</summary>
    public int? GoAwayCode => Volatile.Read(ref _goAwayCode) is var code && code < 0 ? null : code;

    /// <summary>Connects.</summary>
    /// <param name="address">To where.</param>
    /// <param name="window">How many bytes of each answer it takes; of all answers together as many as the protocol knows.</param>
    /// <param name="from">From which of this machine's addresses.</param>
    public static async Task<RawHttp2> ConnectAsync(Uri address, int window, string from = "127.0.0.1")
    {
        ArgumentNullException.ThrowIfNull(address);
        var client = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        await client.ConnectAsync(address.Host, address.Port);
        var connection = new RawHttp2(client);
        var settings = new byte[6];
        settings[1] = 4;
        BinaryPrimitives.WriteInt32BigEndian(settings.AsSpan(2), window);
        var more = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(more, int.MaxValue - WindowDefault);
        await connection.SendAsync([.. _preface, .. Frame(SettingsType, 0, 0, settings), .. Frame(WindowType, 0, 0, more)]);
        connection._reading = connection.ReadAsync();
        return connection;
    }

    /// <summary>A frame of data on a call that <see cref="OpenAsync"/> has opened.</summary>
    public static byte[] Data(int stream, ReadOnlySpan<byte> bytes, bool isLast = false) => Frame(DataType, isLast ? EndStream : (byte)0, stream, bytes);

    /// <summary>A gRPC message with its prefix, which may say another length than it has.</summary>
    public static byte[] Message(ReadOnlySpan<byte> message, int? length = null)
    {
        var bytes = new byte[MessagePrefixLength + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), length ?? message.Length);
        message.CopyTo(bytes.AsSpan(MessagePrefixLength));
        return bytes;
    }

    /// <summary>Sends a call with one message.</summary>
    public Task CallAsync(string path, ReadOnlySpan<byte> message) => SendAsync(Call(Interlocked.Add(ref _lastStream, 2), path, message));

    /// <summary>Opens a call, sends nothing on it, and gives its number.</summary>
    public async Task<int> OpenAsync(string path)
    {
        var stream = Interlocked.Add(ref _lastStream, 2);
        await SendAsync(Headers(stream, path));
        return stream;
    }

    /// <summary>Takes a call back.</summary>
    public Task ResetAsync(int stream) => SendAsync(Frame(ResetType, 0, stream, _cancel));

    /// <summary>Opens and resets so many calls, without a message; fails with an IOException when the service ends the connection.</summary>
    public async Task OpenAndResetAsync(string path, int calls)
    {
        const int Burst = 100;
        for (var sent = 0; sent < calls; sent += Burst)
        {
            var burst = new MemoryStream();
            for (var i = 0; i < Burst; i++)
            {
                var stream = Interlocked.Add(ref _lastStream, 2);
                burst.Write(Headers(stream, path));
                burst.Write(Frame(ResetType, 0, stream, _cancel));
            }

            await SendAsync(burst.ToArray());
        }
    }

    /// <summary>
    /// Sends so many whole calls at once and takes them all back: each at once, in the same bytes, or all of them after a moment for them to begin.
    /// </summary>
    public async Task CallAndResetAsync(string path, byte[] message, int calls, TimeSpan moment = default)
    {
        var (burst, resets) = (new MemoryStream(), new MemoryStream());
        for (var i = 0; i < calls; i++)
        {
            var stream = Interlocked.Add(ref _lastStream, 2);
            burst.Write(Call(stream, path, message));
            (moment == default ? burst : resets).Write(Frame(ResetType, 0, stream, _cancel));
        }

        await SendAsync(burst.ToArray());
        if (moment == default)
            return;
        await Task.Delay(moment);
        await SendAsync(resets.ToArray());
    }

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendAsync(byte[] bytes)
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

    /// <summary>Ends the connection at once, whatever is being sent.</summary>
    public void Abort() => _client.Dispose();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _reading;
        _writing.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            var prefix = new byte[PrefixLength];
            var payload = new byte[FrameBytesMax];
            while (true)
            {
                await _stream.ReadExactlyAsync(prefix);
                var length = (prefix[0] << 16) | (prefix[1] << 8) | prefix[2];
                await _stream.ReadExactlyAsync(payload.AsMemory(0, length));
                await TakeAsync(prefix, payload.AsMemory(0, length));
            }
        }
        catch (Exception cause) when (cause is IOException or ObjectDisposedException)
        {
            // The end of the connection, by the service or by the test.
        }
    }

    private async Task TakeAsync(byte[] prefix, Memory<byte> payload)
    {
        var isEnd = prefix[3] is HeadersType or DataType && (prefix[4] & EndStream) != 0;
        if (prefix[3] == HeadersType)
            Interlocked.Increment(ref isEnd ? ref _refused : ref _begun);
        if (isEnd || prefix[3] == ResetType)
            Interlocked.Increment(ref _ended);
        if (prefix[3] == GoAwayType)
            Volatile.Write(ref _goAwayCode, BinaryPrimitives.ReadInt32BigEndian(payload.Span[4..]));
        if (prefix[3] is SettingsType or PingType && (prefix[4] & Ack) == 0)
            await SendAsync(Frame(prefix[3], Ack, 0, prefix[3] == PingType ? payload.Span : []));
    }

    private byte[] Call(int stream, string path, ReadOnlySpan<byte> message) =>
        [.. Headers(stream, path), .. Data(stream, Message(message), isLast: true)];

    private byte[] Headers(int stream, string path) => Frame(HeadersType, EndHeaders, stream, HeaderBlock(path));

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
    private byte[] HeaderBlock(string path)
    {
        var block = new MemoryStream();
        foreach (var (name, value) in new[]
            {
                (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "127.0.0.1"),
                ("content-type", "application/grpc"), ("te", "trailers"), ("grpc-timeout", Deadline ?? ""),
            }.Where(field => field.Item2.Length > 0))
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
