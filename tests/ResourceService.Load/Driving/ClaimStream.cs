using System.Diagnostics;
using System.Net;
using System.Threading.Channels;
using Grpc.Core;
using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Driving;

/// <summary>
/// One StreamClaims call over plain HTTP/2. A gRPC client sends and flushes every message by itself; this one writes all that may be outstanding at once
/// and reads all that has arrived, which takes the client's share of two cores from half to a few percent.
/// A slot is a claim that may be outstanding: the writer takes free slots, the reader returns them, and the slot's number travels inside the request id.
/// </summary>
internal sealed class ClaimStream(HttpMessageInvoker http, Uri address, ClaimPayload payload, int slotCount, StreamBudget budget, Measurement measurement)
{
    private const int ReceiveBufferLength = 64 * 1024;
    // As many frames as fit well into one write to the socket.
    private const int FramesPerWrite = 256;

    private readonly Channel<int> _freeSlots = Channel.CreateUnbounded<int>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly long[] _sentAt = new long[slotCount];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var slot = 0; slot < slotCount; slot++)
        {
            _freeSlots.Writer.TryWrite(slot);
        }
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, $"/{ClaimService.Descriptor.FullName}/StreamClaims"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ClaimStreamContent(WriteAsync),
        };
        request.Headers.TE.ParseAdd("trailers");
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            await ReadAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken);
            ReportStatus(response);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            measurement.Failed(nameof(StatusCode.Unavailable), e.Message);
        }
        finally
        {
            // A writer that waits for a slot of a stream that has ended would wait for ever.
            _freeSlots.Writer.TryComplete();
        }
    }

    private async Task WriteAsync(Stream body, CancellationToken cancellationToken)
    {
        // Sends the headers: the server answers the stream before it has got a claim.
        await body.FlushAsync(cancellationToken);
        var frameLength = MessageFrames.HeaderLength + payload.Bytes.Length;
        var buffer = new byte[frameLength * FramesPerWrite];
        while (await _freeSlots.Reader.WaitToReadAsync(cancellationToken))
        {
            var length = 0;
            while (length < buffer.Length && _freeSlots.Reader.TryPeek(out _))
            {
                var taking = budget.TakeAsync();
                if (!taking.IsCompleted)
                {
                    // A paced drive waits here; what is due must not wait with it.
                    await body.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
                    await body.FlushAsync(cancellationToken);
                    length = 0;
                }
                var sentAt = await taking;
                if (sentAt is null)
                {
                    await body.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
                    return;
                }
                _freeSlots.Reader.TryRead(out var slot);
                _sentAt[slot] = sentAt.Value;
                payload.Advance(slot);
                MessageFrames.WriteHeader(buffer.AsSpan(length), payload.Bytes.Length);
                payload.Bytes.CopyTo(buffer.AsSpan(length + MessageFrames.HeaderLength));
                length += frameLength;
            }
            await body.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
            await body.FlushAsync(cancellationToken);
        }
    }

    private async Task ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        var buffer = new byte[ReceiveBufferLength];
        var filled = 0;
        while (true)
        {
            var count = await body.ReadAsync(buffer.AsMemory(filled), cancellationToken);
            if (count == 0)
            {
                return;
            }
            filled += count;
            var answeredAt = Stopwatch.GetTimestamp();
            ReadOnlyMemory<byte> rest = buffer.AsMemory(0, filled);
            while (MessageFrames.TryRead(ref rest, out var message))
            {
                Answered(message.Span, answeredAt);
            }
            filled = rest.Length;
            rest.CopyTo(buffer);
            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }

    private void Answered(ReadOnlySpan<byte> message, long answeredAt)
    {
        var slot = (int)AnswerReader.ReadStreamed(message, out var error);
        if (error.IsEmpty)
        {
            measurement.Answered(_sentAt[slot], answeredAt, acceptedClaimCount: 1);
        }
        else
        {
            var status = Google.Rpc.Status.Parser.ParseFrom(error);
            measurement.Failed(((StatusCode)status.Code).ToString(), status.Message);
        }
        _freeSlots.Writer.TryWrite(slot);
    }

    /// <summary>The status of the call stands in the trailers, or in the headers when there was no answer at all.</summary>
    private void ReportStatus(HttpResponseMessage response)
    {
        var status = Header("grpc-status") ?? $"HTTP {(int)response.StatusCode}";
        if (status != "0")
        {
            measurement.Failed(int.TryParse(status, out var code) ? ((StatusCode)code).ToString() : status, Header("grpc-message") ?? "the stream ended");
        }

        string? Header(string name) =>
            response.TrailingHeaders.TryGetValues(name, out var values) || response.Headers.TryGetValues(name, out values) ? values.First() : null;
    }
}
