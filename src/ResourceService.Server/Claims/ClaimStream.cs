using System.Diagnostics;
using System.Threading.Channels;
using Grpc.Core;
using ResourceService.Server.Grpc;
using ResourceService.Server.History;
using ResourceService.Server.Nodes;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Claims;

/// <summary>
/// One StreamClaims call: reads requests as long as not too many are unanswered, and writes answers as they come. Answers that are ready
/// together leave together: flushing each message is a stream's main cost.
/// </summary>
internal sealed class ClaimStream(
    ClaimCalls calls, RefusalLog refusals, RequestOptions options, StoppingSignal stop, ServiceMetrics metrics, ILogger<ClaimStream> logger)
{
    private static readonly WriteOptions _moreFollows = new(WriteFlags.BufferHint);
    private static readonly WriteOptions _flush = new();

    /// <summary>Runs until the caller has closed its side and everything is answered, or either side ends.</summary>
    public async Task RunAsync(
        IAsyncStreamReader<V1.StreamClaimsRequest> requests, IServerStreamWriter<V1.StreamClaimsResponse> responses, string actor,
        CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stop.Token);
        // Bounded by the places: every answer in the channel still holds its place.
        var answers = Channel.CreateUnbounded<V1.StreamClaimsResponse>(new UnboundedChannelOptions { SingleReader = true });
        using var places = new SemaphoreSlim(options.StreamInFlightMax);
        var writing = WriteAsync(answers.Reader, responses, places, ending);
        try
        {
            while (await requests.MoveNext(ending.Token))
            {
                await places.WaitAsync(ending.Token);
                _ = AnswerAsync(requests.Current, answers.Writer, actor, cancellation);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The service stops: what was read is answered below, the caller sends the rest again elsewhere. Or an answer could not be
            // written: the writer learns that the caller is gone before the call's own token does.
        }
        finally
        {
            // Every request read holds a place until its answer is written or the connection is gone.
            for (var i = 0; i < options.StreamInFlightMax; i++)
                await places.WaitAsync(CancellationToken.None);
            answers.Writer.Complete();
            await writing;
        }

        if (stop.Token.IsCancellationRequested)
            throw RpcErrors.Stopping().ToException();
    }

    private async Task AnswerAsync(
        V1.StreamClaimsRequest message, ChannelWriter<V1.StreamClaimsResponse> answers, string actor, CancellationToken cancellation)
    {
        var start = metrics.TimesStreamRequests ? Stopwatch.GetTimestamp() : 0;
        var span = ServiceTracing.StartStreamedClaim();
        var response = new V1.StreamClaimsResponse { RequestId = message.Request?.RequestId ?? "" };
        try
        {
            var result = await ClaimAsync(message, actor, cancellation);
            if (result.Reply is { } reply)
            {
                response.Claim = reply.Claim;
                response.Warnings.Add(reply.Warnings);
            }
            else
            {
                response.Error = result.Error!;
                refusals.Note("StreamClaims", actor, message.Request, response.Error);
            }
        }
        catch (OperationCanceledException)
        {
            // The caller is gone; nobody reads this.
            response.Error = RpcErrors.Of(new CommandOutcome(CommandStatus.Cancelled), "");
        }
        catch (Exception cause)
        {
            logger.CallFailed("StreamClaims", cause);
            // One broken request must not take the others' answers with it.
            response.Error = RpcErrors.Defect();
        }

        // First: whatever becomes of the rest, its place on the stream is given back with the answer.
        answers.TryWrite(response);
        Tell(message, response, span, start);
    }

    private void Tell(V1.StreamClaimsRequest message, V1.StreamClaimsResponse response, Activity? span, long start)
    {
        var code = (StatusCode)(response.Error?.Code ?? 0);
        if (start > 0)
            metrics.StreamRequestAnswered(code, Stopwatch.GetElapsedTime(start));
        if (logger.IsEnabled(LogLevel.Debug))
            logger.RequestAnswered("StreamClaims", message, response.Claim, response.Error);
        if (span is { IsAllDataRequested: true })
            CallSpans.Describe(span, message, response.Claim, response.Error);
        ServiceTracing.End(span, code);
    }

    private ValueTask<CallResult<V1.ClaimInstanceResponse>> ClaimAsync(V1.StreamClaimsRequest message, string actor, CancellationToken cancellation)
    {
        var violations = new FieldViolations();
        if (message.Request is not { } request)
        {
            violations.Add("request", "must be set");
            return new(RpcErrors.InvalidFields(violations.All));
        }

        violations.Enter("request");
        var order = ClaimRequests.Read(request, violations);
        var requestId = violations.RequestId("request_id", request.RequestId, required: true);
        if (!violations.None)
            return new(RpcErrors.InvalidFields(violations.All));
        return calls.ClaimAsync(request, order!, requestId, actor, cancellation);
    }

    private static async Task WriteAsync(
        ChannelReader<V1.StreamClaimsResponse> answers, IServerStreamWriter<V1.StreamClaimsResponse> responses, SemaphoreSlim places,
        CancellationTokenSource ending)
    {
        var broken = false;
        while (await answers.WaitToReadAsync())
        {
            while (answers.TryRead(out var response))
            {
                try
                {
                    if (!broken)
                    {
                        responses.WriteOptions = answers.TryPeek(out _) ? _moreFollows : _flush;
                        await responses.WriteAsync(response);
                    }
                }
                catch (Exception cause) when (cause is IOException or OperationCanceledException or InvalidOperationException)
                {
                    // The connection is gone: read nothing more, let what is under way end, drop its answers.
                    broken = true;
                    await ending.CancelAsync();
                }

                places.Release();
            }
        }
    }
}
