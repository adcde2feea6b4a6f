using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;
using Grpc.Health.V1;

namespace ResourceService.Server.Tests.Wire;

/// <summary>Whatever comes, the answer is defined, the service stays healthy, and an operator's log stays quiet.</summary>
public sealed class WhenTheWireCarriesNonsense(UndisturbedService service) : IClassFixture<UndisturbedService>, IAsyncLifetime
{
    private const string Claim = "/resourceservice.v1.ClaimService/ClaimInstance";
    private const string Stream = "/resourceservice.v1.ClaimService/StreamClaims";

    // Field 2 (the instance) says that it has 100 bytes, and has one.
    private static readonly byte[] _malformed = [0x12, 100, 1];

    private readonly RawGrpc _raw = new(service.Clients.Address);

    public static TheoryData<string, byte[]> MalformedMessages => new()
    {
        { "a field longer than the message", _malformed },
        { "a field without a number", [0x00, 0x00] },
        { "an unknown wire type", [0x0f] },
        { "a varint without an end", [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff] },
        { "a group without an end", [0x0b] },
        { "nothing but ones", [.. Enumerable.Repeat((byte)0xff, 64)] },
    };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>After each test.</summary>
    public async ValueTask DisposeAsync()
    {
        _raw.Dispose();
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await service.Clients.HealthOfAsync(""));
        Expect.Quiet(service.Process.Log);
    }

    [Theory]
    [MemberData(nameof(MalformedMessages))]
    public async Task A_malformed_message_is_an_error_with_a_status(string what, byte[] message)
    {
        foreach (var path in new[] { Stream, Claim, "/resourceservice.v1.NodeService/WatchNodes" })
        {
            var answer = await _raw.PostAsync(path, RawGrpc.Frame(message));
            Assert.True(answer is { Http: HttpStatusCode.OK, Code: StatusCode.InvalidArgument }, $"{path} with {what}: {answer}");
            Expect.Error(answer.Error, StatusCode.InvalidArgument, "INVALID_FIELD");
        }
    }

    [Fact]
    public async Task Nesting_without_end_is_an_error_with_a_status()
    {
        // Resources.numa.cells and so on nest a few levels; unknown groups may nest as deep as the bytes allow.
        var answer = await _raw.PostAsync(Claim, RawGrpc.Frame([.. Enumerable.Repeat((byte)0x7b, 100_000)]));

        Expect.Error(answer.Error, StatusCode.InvalidArgument, "INVALID_FIELD");
    }

    [Fact]
    public async Task A_message_beyond_the_limit_is_refused_without_being_read()
    {
        var claim = RawGrpc.Frame(new StreamClaimsRequest { Request = Requests.Claim("no-such-node") }.ToByteArray());
        byte[][] tooLong = [RawGrpc.Frame(new byte[(4 * 1024 * 1024) + 1]), RawGrpc.FrameSaying(int.MaxValue, [1, 2, 3])];
        foreach (var answer in await Task.WhenAll(
            from message in tooLong
            from call in new[] { (Path: Claim, Body: message), (Path: Stream, Body: message), (Path: Stream, Body: [.. claim, .. message]) }
            select _raw.PostAsync(call.Path, call.Body)))
        {
            var error = Expect.Error(answer.Error, StatusCode.ResourceExhausted, "MESSAGE_TOO_LONG");
            Assert.Equal("4194304", error.Metadata["message_bytes_max"]);
            Assert.Equal(StatusCode.ResourceExhausted, answer.Code);
        }
    }

    [Fact]
    public async Task A_truncated_or_missing_message_is_an_error_with_a_status()
    {
        var truncated = await _raw.PostAsync(Claim, RawGrpc.FrameSaying(100, [1, 2, 3]));
        var missing = await _raw.PostAsync(Claim, []);
        var two = await _raw.PostAsync(Claim, [.. RawGrpc.Frame([]), .. RawGrpc.Frame([])]);
        var undeclared = await _raw.PostAsync(Claim, RawGrpc.Frame([1], compressed: true));
        var identity = await _raw.PostAsync(Claim, RawGrpc.Frame([1], compressed: true), headers: ("grpc-encoding", "identity"));
        // Also where messages come one by one, and after one that was right.
        var inStream = await _raw.PostAsync(Stream, RawGrpc.FrameSaying(100, [1, 2, 3]));
        var behind = await _raw.PostAsync(
            Stream, [.. RawGrpc.Frame(new StreamClaimsRequest { Request = Requests.Claim("no-such-node") }.ToByteArray()), .. RawGrpc.FrameSaying(100, [1])]);

        foreach (var answer in new[] { truncated, missing, two, undeclared, identity, inStream, behind })
        {
            Expect.Error(answer.Error, StatusCode.InvalidArgument, "MALFORMED_CALL");
            Assert.Equal((HttpStatusCode.OK, StatusCode.InvalidArgument), (answer.Http, answer.Code));
        }

        foreach (var path in new[] { Claim, Stream })
            Expect.Error((await _raw.PostAsync(path, [7, 0, 0, 0, 0])).Error, StatusCode.InvalidArgument, "INVALID_FIELD");
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task A_compressed_message_is_taken_up_to_the_size_that_a_message_may_have(string encoding)
    {
        var node = (await service.Clients.Nodes.RegisterNodeAsync(Requests.Node())).Node.NodeId;
        var claim = Requests.Claim(node).ToByteArray();

        var taken = await PostAsync(Packed(claim));
        // A thousand times smaller than what it inflates to.
        var tooLong = await Task.WhenAll(new[] { Claim, Stream }.Select(path => PostAsync(Packed(new byte[50 * 1024 * 1024]), path)));
        var damaged = Packed(claim);
        damaged[^6] ^= 0xff;
        var wrong = await Task.WhenAll(
            from message in new[] { damaged, Packed(claim)[..^12], [1, 2, 3] }
            from path in new[] { Claim, Stream }
            select PostAsync(message, path));

        Assert.Equal(StatusCode.OK, taken.Code);
        Assert.All(tooLong, answer => Expect.Error(answer.Error, StatusCode.ResourceExhausted, "MESSAGE_TOO_LONG"));
        Assert.All(wrong, answer => Expect.Error(answer.Error, StatusCode.InvalidArgument, "INVALID_FIELD"));

        Task<RawAnswer> PostAsync(byte[] message, string path = Claim) =>
            _raw.PostAsync(path, RawGrpc.Frame(message, compressed: true), headers: ("grpc-encoding", encoding));

        byte[] Packed(byte[] message)
        {
            using var packed = new MemoryStream();
            using (Stream packing = encoding == "gzip" ? new GZipStream(packed, CompressionLevel.Fastest) : new ZLibStream(packed, CompressionLevel.Fastest))
                packing.Write(message);
            return packed.ToArray();
        }
    }

    [Fact]
    public async Task A_message_compressed_by_an_unknown_method_is_unimplemented_and_told_by_which_it_may_be()
    {
        var answer = await _raw.PostAsync(Claim, RawGrpc.Frame([1], compressed: true), headers: ("grpc-encoding", "snappy"));

        Assert.Equal("snappy", Expect.Error(answer.Error, StatusCode.Unimplemented, "ENCODING_UNSUPPORTED").Metadata["encoding"]);
        Assert.Equal("identity,gzip,deflate", answer.AcceptedEncodings);
    }

    [Fact]
    public async Task A_deadline_that_passes_here_first_is_told_in_the_contracts_form()
    {
        const string Watch = "/resourceservice.v1.AuditService/WatchEvents";
        // Behind a message, before one on a stream, and before the request has come to its end.
        var watch = await _raw.PostAsync(Watch, RawGrpc.Frame([]), headers: ("grpc-timeout", "100m"));
        var stream = await _raw.PostOpenAsync(Stream, [], ("grpc-timeout", "100m"));
        var unary = await _raw.PostOpenAsync(Claim, [], ("grpc-timeout", "100m"));

        foreach (var answer in new[] { watch, stream, unary })
        {
            Expect.Error(answer.Error, StatusCode.DeadlineExceeded, "DEADLINE_PASSED");
            Assert.Equal(StatusCode.DeadlineExceeded, answer.Code);
        }
    }

    [Theory]
    [InlineData("/resourceservice.v1.ClaimService/NoSuchMethod")]
    [InlineData("/resourceservice.v1.NoSuchService/Claim")]
    [InlineData("/resourceservice.v2.ClaimService/ClaimInstance")]
    public async Task An_unknown_method_is_unimplemented(string path)
    {
        var answer = await _raw.PostAsync(path, RawGrpc.Frame([]));
        Assert.Equal((HttpStatusCode.OK, StatusCode.Unimplemented), (answer.Http, answer.Code));
        Expect.Error(answer.Error, StatusCode.Unimplemented, "NOT_IMPLEMENTED");
    }

    [Fact]
    public async Task Another_content_type_is_an_unsupported_media_type()
    {
        foreach (var contentType in new[] { "application/json", "text/plain", "application/grpc-web" })
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await _raw.PostAsync(Claim, "{}"u8.ToArray(), contentType)).Http);
    }

    [Fact]
    public async Task A_thousand_calls_opened_and_reset_leave_nothing_behind()
    {
        var request = new StreamClaimsRequest { Request = Requests.Claim("no-such-node") }.ToByteArray();
        byte[][] beginnings = [RawGrpc.Frame(request), RawGrpc.FrameSaying(1000, [1]), [], RawGrpc.Frame(_malformed)];

        await Parallel.ForAsync(0, 1000, new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (i, _) =>
            await _raw.OpenAndResetAsync(i % 2 == 0 ? Stream : Claim, beginnings[i % beginnings.Length]));

        // The connection takes as many calls at a time as before: none of the thousand still holds a place.
        var node = (await service.Clients.Nodes.RegisterNodeAsync(Requests.Node(vcpus: 100_000))).Node;
        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(async _ => await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId))));
        Assert.Equal(1000, answers.Length);
    }

    [Fact]
    public async Task A_connection_dropped_in_the_middle_of_a_stream_keeps_what_was_claimed()
    {
        var node = (await service.Clients.Nodes.RegisterNodeAsync(Requests.Node(vcpus: 1000))).Node;
        using (var clients = new ServiceClients(service.Clients.Address))
        {
            var call = clients.Claims.StreamClaims();
            for (var i = 0; i < 10; i++)
                await call.RequestStream.WriteAsync(new StreamClaimsRequest { Request = Requests.Claim(node.NodeId) });
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        }

        // What was read from the stream may still be on its way to the disk; the node and its claims are read one after the other.
        await Eventually.HoldsAsync("the books balance", async () => !(await LedgerBooks.ReadAsync(service.Clients)).Imbalances().Any());
        var books = await LedgerBooks.ReadAsync(service.Clients);
        Assert.InRange(books.LiveClaims.Count(claim => claim.NodeId == node.NodeId), 1, 10);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ngarbage that is no frame at all, but long enough for some")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\u0000")]
    public async Task Bytes_that_are_no_http2_end_their_connection_only(string bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(service.Clients.Address.Host, service.Clients.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(bytes));
        client.Client.Shutdown(SocketShutdown.Send);

        await Eventually.ArrivesAsync("the service closes the connection", ReadToEndAsync(stream));
    }

    private static async Task<bool> ReadToEndAsync(NetworkStream stream)
    {
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset instead of closed: also an end.
        }

        return true;
    }
}
