using Grpc.Core;

namespace ResourceService.Load.Servers;

/// <summary>
/// Calls that outlive the server: an answer UNAVAILABLE, a passed deadline or a broken connection says nothing about whether the change was
/// made, so the same request is sent again until there is an answer, or until the time is up.
/// </summary>
internal sealed class RetryingCalls(TimeSpan retryTime, Action<StatusCode> retried, CancellationToken cancellationToken)
{
    private static readonly TimeSpan _callTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(500);

    public async Task<TAnswer> CallAsync<TAnswer>(Func<CallOptions, AsyncUnaryCall<TAnswer>> call)
    {
        long? failingSince = null;
        var pause = _firstPause;
        while (true)
        {
            try
            {
                var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + _callTimeout;
                return await call(new CallOptions(deadline: deadline, cancellationToken: cancellationToken)).ResponseAsync;
            }
            catch (RpcException e) when (MayHaveHappened(e.Status) && !cancellationToken.IsCancellationRequested)
            {
                failingSince ??= TimeProvider.System.GetTimestamp();
                if (TimeProvider.System.GetElapsedTime(failingSince.Value) > retryTime)
                {
                    throw new TimeoutException($"The server did not answer for {retryTime.TotalSeconds:0} s: {e.StatusCode}, {e.Status.Detail}", e);
                }
                retried(e.StatusCode);
                await Task.Delay(pause, cancellationToken);
                pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
            }
        }
    }

    /// <summary>A status with an exception of this process behind it is a lost connection, which gRPC may also call INTERNAL or CANCELLED.</summary>
    private static bool MayHaveHappened(Status status) =>
        status.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded || status.DebugException is HttpRequestException or IOException;
}
