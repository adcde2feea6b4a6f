using System.Diagnostics;
using System.Globalization;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using ResourceService.Server.Security;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Grpc;

/// <summary>
/// The outermost part of every call: nothing is done for one that was taken back before it began, errors of the gRPC library get the contract's form,
/// answers are waited for until they are read, and calls that their callers take back are counted against the connection.
/// </summary>
internal static class CallEnd
{
    // The way of a request and of its end, and clocks that differ: who gives up at its own deadline is not early.
    private static readonly TimeSpan _deadlineSlack = TimeSpan.FromMilliseconds(100);

    /// <summary>Carries a call out and waits until its answer is read or given up.</summary>
    /// <param name="http">The call.</param>
    /// <param name="next">Carries it out.</param>
    /// <param name="messageBytesMax">The most bytes of a message, for who sends more.</param>
    /// <param name="metrics">Hear of calls that do not come to their method; of all others they hear from <see cref="CallTelemetry"/>.</param>
    public static async Task WaitAsync(HttpContext http, RequestDelegate next, int messageBytesMax, ServiceMetrics metrics)
    {
        // The call's own: what is put in its place later ends for other reasons too.
        var takenBack = http.RequestAborted;
        var start = Stopwatch.GetTimestamp();
        UnreadAnswer? answer = null;
        try
        {
            if (takenBack.IsCancellationRequested)
                return;
            if (http.Request.Headers.GrpcTimeout().Length > 0)
                http.Features.Set<IHttpResponseBodyFeature>(
                    new DeadlineAnswer(http, http.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), messageBytesMax));
            await next(http);
            if ((LibraryErrors.Complete(http, messageBytesMax) ?? http.Features.Get<EarlyAnswer>()?.Status) is { } error && metrics.TimesCalls)
            {
                var method = http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method;
                metrics.CallEnded(method, ServerEndpoint.Of(http), (StatusCode)error.Code, MetricLabels.ErrorType(error), Stopwatch.GetElapsedTime(start));
            }

            answer = http.Features.Get<UnreadAnswer>();
            answer?.Made();
            // Without the flush a call is over for the server as soon as its answer is made; with it once the last byte is on its way.
            if (answer is { IsCounted: true })
                await http.Response.BodyWriter.FlushAsync(takenBack);
        }
        catch (OperationCanceledException) when (takenBack.IsCancellationRequested)
        {
            // The caller left: nobody reads it any more.
        }
        finally
        {
            (answer ?? http.Features.Get<UnreadAnswer>())?.End();
            if (http.Features.Get<ClientConnection>() is { } connection)
            {
                if (!takenBack.IsCancellationRequested)
                    connection.Answered();
                else if (!IsDue(http.Request.Headers.GrpcTimeout(), Stopwatch.GetElapsedTime(start)))
                    connection.TookBack();
            }
        }
    }

    private static string GrpcTimeout(this IHeaderDictionary headers) => headers["grpc-timeout"].ToString();

    // At most eight digits and a unit, as gRPC over HTTP/2 has it; "" without a deadline.
    private static bool IsDue(string timeout, TimeSpan elapsed)
    {
        if (timeout.Length is < 2 or > 9 || !long.TryParse(timeout.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return false;
        TimeSpan? unit = timeout[^1] switch
        {
            'n' => TimeSpan.Zero,
            'u' => TimeSpan.FromMicroseconds(1),
            'm' => TimeSpan.FromMilliseconds(1),
            'S' => TimeSpan.FromSeconds(1),
            'M' => TimeSpan.FromMinutes(1),
            'H' => TimeSpan.FromHours(1),
            _ => null,
        };
        return unit is { } each && elapsed + _deadlineSlack >= each * count;
    }
}
