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

    /// <summary>How long to wait for the next answer before the call is abandoned, and made again; null: as long as any call may take.</summary>
    public Func<TimeSpan?> Patience { get; init; } = static () => null;

    public async Task<TAnswer> CallAsync<TAnswer>(Func<CallOptions, AsyncUnaryCall<TAnswer>> call)
    {
        long? failingSince = null;
        var pause = _firstPause;
        while (true)
        {
            using var abandoning = Abandoning();
            try
            {
                var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + _callTimeout;
                return await call(new CallOptions(deadline: deadline, cancellationToken: abandoning?.Token ?? cancellationToken)).ResponseAsync;
            }
            catch (RpcException e) when (
                (MayHaveHappened(e.Status) || IsAbandoned(e.Status, abandoning)) && !cancellationToken.IsCancellationRequested)
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

    private CancellationTokenSource? Abandoning()
    {
        if (Patience() is not { } patience)
        {
            return null;
        }
        var abandoning = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        abandoning.CancelAfter(patience);
        return abandoning;
    }

    private static bool IsAbandoned(Status status, CancellationTokenSource? abandoning) =>
        status.StatusCode == StatusCode.Cancelled && abandoning is { IsCancellationRequested: true };

    /// <summary>
    /// A status with an exception of this process behind it is a lost connection, which gRPC may also call INTERNAL or CANCELLED; one that was lost while
    /// the call was sent may already be disposed.
    /// </summary>
    private static bool MayHaveHappened(Status status) =>
        status.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded
        || status.DebugException is HttpRequestException or IOException or ObjectDisposedException;
}
