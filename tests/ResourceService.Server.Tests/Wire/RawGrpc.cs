using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

namespace ResourceService.Server.Tests.Wire;

/// <summary>gRPC by hand: HTTP/2 requests whose bytes no gRPC library would send.</summary>
internal sealed class RawGrpc(Uri address) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>A length-prefixed message.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> message, bool compressed = false) => FrameSaying(message.Length, message, compressed);

    /// <summary>A message whose prefix says another length than it has.</summary>
    public static byte[] FrameSaying(int length, ReadOnlySpan<byte> message, bool compressed = false)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), length);
        message.CopyTo(frame.AsSpan(5));
        return frame;
    }

    /// <summary>Posts a body and gives what came back.</summary>
    public async Task<RawAnswer> PostAsync(string path, byte[] body, string contentType = "application/grpc", params (string Name, string Value)[] headers)
    {
        using var request = Request(path, new ByteArrayContent(body), contentType);
        return await SendAsync(request, headers);
    }

    /// <summary>Posts a body that never ends and gives what came back.</summary>
    public async Task<RawAnswer> PostOpenAsync(string path, byte[] firstBytes, params (string Name, string Value)[] headers)
    {
        using var request = Request(path, new NeverEndingContent(firstBytes, mayBeEnded: true), "application/grpc");
        return await SendAsync(request, headers);
    }

    /// <summary>Opens a call whose body never ends, and keeps it open until it is answered or cancelled.</summary>
    public async Task OpenAsync(string path, byte[] firstBytes, CancellationToken cancellation)
    {
        using var body = new NeverEndingContent(firstBytes);
        using var request = Request(path, body, "application/grpc");
        try
        {
            (await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation)).Dispose();
        }
        catch (Exception cause) when (cause is OperationCanceledException or HttpRequestException)
        {
            // Taken back by the test, or refused by the service.
        }
    }

    /// <summary>Opens a call and takes it back: after the first bytes, before any answer.</summary>
    public async Task OpenAndResetAsync(string path, byte[] firstBytes)
    {
        using var cancel = new CancellationTokenSource();
        using var body = new NeverEndingContent(firstBytes);
        using var request = Request(path, body, "application/grpc");
        var sending = _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel.Token);
        await Task.WhenAny(body.FirstBytesSent, sending);
        await cancel.CancelAsync();
        try
        {
            (await sending).Dispose();
        }
        catch (Exception cause) when (cause is OperationCanceledException or HttpRequestException)
        {
            // That is the point.
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<RawAnswer> SendAsync(HttpRequestMessage request, (string Name, string Value)[] headers)
    {
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        // An answer that is a status alone is whole with its headers; behind it the service may reset what was still being sent.
        if (!response.Headers.Contains("grpc-status"))
            await response.Content.ReadAsByteArrayAsync();
        return new RawAnswer(response.StatusCode, Header("grpc-status"), Header("grpc-message"), Header("grpc-status-details-bin"), Header("grpc-accept-encoding"));

        string Header(string name) =>
            response.TrailingHeaders.TryGetValues(name, out var values) || response.Headers.TryGetValues(name, out values)
                ? string.Join(',', values)
                : "";
    }

    private static HttpRequestMessage Request(string path, HttpContent body, string contentType)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        body.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        request.Headers.TE.ParseAdd("trailers");
        return request;
    }

    // Sends its first bytes and then stays open until the request is taken back or, where that may be, the service has answered.
    private sealed class NeverEndingContent(byte[] firstBytes, bool mayBeEnded = false) : HttpContent
    {
        private readonly TaskCompletionSource _firstBytesSent = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task FirstBytesSent => _firstBytesSent.Task;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(firstBytes, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            _firstBytesSent.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(mayBeEnded ? ConfigureAwaitOptions.SuppressThrowing : ConfigureAwaitOptions.None);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

/// <summary>What came back: HTTP's status, gRPC's, its words, the details as they came, and by which methods messages may be compressed.</summary>
internal sealed record RawAnswer(HttpStatusCode Http, string GrpcStatus, string Message, string Details, string AcceptedEncodings)
{
    /// <summary>gRPC's status by name.</summary>
    public StatusCode Code => (StatusCode)int.Parse(GrpcStatus);

    /// <summary>The error as the contract has it; null when it carries no details.</summary>
    public Google.Rpc.Status? Error =>
        Details.Length == 0 ? null : Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(Details.PadRight((Details.Length + 3) / 4 * 4, '=')));
}
