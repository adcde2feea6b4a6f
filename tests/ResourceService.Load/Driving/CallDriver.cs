using System.Diagnostics;
using Grpc.Core;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Driving;

/// <summary>
/// Drives unary calls: one loop for each call in flight, the loops dealt out over the connections. A loop owns its payload and its random numbers,
/// so that loops share nothing but the measurement.
/// </summary>
internal sealed class CallDriver(
    Method<Payload, Answer> method, IReadOnlyList<CallInvoker> invokers, DriveWindow window, Pacer pacer, Measurement measurement)
{
    // After a lost connection every call fails at once; without a pause the loops would spin and count millions of errors.
    private static readonly TimeSpan _pauseAfterError = TimeSpan.FromMilliseconds(10);

    /// <summary>Runs until the window is over and the last calls are answered.</summary>
    public Task RunAsync(IEnumerable<Payload> payloads, CancellationToken cancellationToken) =>
        Task.WhenAll(payloads.Select(
            (payload, i) => Task.Run(() => LoopAsync(invokers[i % invokers.Count], payload, cancellationToken), cancellationToken)));

    private async Task LoopAsync(CallInvoker invoker, Payload payload, CancellationToken cancellationToken)
    {
        // One options value for all calls: a deadline or a token for each would cost a timer or a registration.
        var options = default(CallOptions);
        while (!cancellationToken.IsCancellationRequested)
        {
            payload.Advance();
            var sentAt = await pacer.NextAsync();
            if (sentAt >= window.Until)
            {
                return;
            }
            try
            {
                var answer = await invoker.AsyncUnaryCall(method, host: null, options, payload).ResponseAsync;
                measurement.Answered(sentAt, Stopwatch.GetTimestamp(), payload.ClaimCount - answer.RefusedCount);
                if (answer.RefusedCount > 0)
                {
                    measurement.Failed("refused in batch", "claims of a batch were refused", answer.RefusedCount);
                }
            }
            catch (RpcException e)
            {
                measurement.Failed(e.StatusCode.ToString(), e.Status.Detail);
                if (e.StatusCode is StatusCode.Unavailable or StatusCode.Internal)
                {
                    await Task.Delay(_pauseAfterError, cancellationToken);
                }
            }
        }
    }
}
