using System.Net.Sockets;
using ResourceService.Testing;

namespace ResourceService.Load.Abusing;

/// <summary>The server as one abuser sees it, and what it got through so far. One for each kind of abuse.</summary>
internal sealed class AbuseTarget(Uri address, string from, TimeSpan duration)
{
    // An abuser that is thrown out comes back, but not in a loop of its own.
    private static readonly TimeSpan _beforeReconnect = TimeSpan.FromMilliseconds(100);

    private long _attemptCount;
    private long _closedCount;

    public Uri Address => address;

    public string From => from;

    public TimeSpan Duration => duration;

    public long AttemptCount => Interlocked.Read(ref _attemptCount);

    public long ClosedCount => Interlocked.Read(ref _closedCount);

    public void Attempted(int count = 1) => Interlocked.Add(ref _attemptCount, count);

    public void Closed() => Interlocked.Increment(ref _closedCount);

    /// <summary>Does something on a connection, again on another one when the server has ended it, until it is done or the time is over.</summary>
    /// <param name="window">Bytes of each answer that the abuser takes.</param>
    /// <param name="act">What is done; true when it is done for good.</param>
    /// <param name="cancellationToken">Ends when the time is over.</param>
    public async Task RunAsync(int window, Func<RawHttp2, Task<bool>> act, CancellationToken cancellationToken)
    {
        var isDone = false;
        while (!isDone && !cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await RawHttp2.ConnectAsync(address, window, from);
                // A write may wait for a server that reads no further: the end of the connection ends it.
                await using var ending = cancellationToken.Register(connection.Abort);
                while (!isDone && !connection.Closed.IsCompleted)
                {
                    isDone = await act(connection);
                }
                if (isDone)
                {
                    await Task.WhenAny(connection.Closed, Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken));
                }
                if (!cancellationToken.IsCancellationRequested)
                {
                    Closed();
                }
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                if (!cancellationToken.IsCancellationRequested)
                {
                    Closed();
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.WhenAny(Task.Delay(_beforeReconnect, cancellationToken));
        }
    }
}
