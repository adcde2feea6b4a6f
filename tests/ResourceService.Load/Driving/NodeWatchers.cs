using System.Diagnostics;
using Grpc.Core;
using ResourceService.Load.Servers;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Driving;

/// <summary>Watchers of all nodes beside a drive: each counts what it is sent, and hardly reads it.</summary>
internal sealed class NodeWatchers : IAsyncDisposable
{
    private static readonly TimeSpan _catchUpTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _catchUpPoll = TimeSpan.FromMilliseconds(1);

    private readonly LoadChannels _channels;
    private readonly CancellationTokenSource _leaving;
    private readonly AsyncServerStreamingCall<WatchedChange>[] _calls;
    private readonly long[] _revisions;
    private readonly Task[] _reading;
    private long _changeCount;

    public NodeWatchers(Uri address, int count, CancellationToken cancellationToken)
    {
        _channels = new LoadChannels(address, count);
        _leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _revisions = new long[count];
        _calls = [.. _channels.Invokers.Select(invoker => Open(invoker, _leaving.Token))];
        _reading = [.. _calls.Select(ReadAsync)];
    }

    /// <summary>Changes that all of them were sent so far.</summary>
    public long ChangeCount => Interlocked.Read(ref _changeCount);

    /// <summary>How long it takes from now until each has everything that has happened.</summary>
    public async Task<TimeSpan> CatchUpAsync(CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        // The first message of a watch from now on tells the newest revision.
        using var now = Open(_channels.Invokers[0], cancellationToken);
        await now.ResponseStream.MoveNext(cancellationToken);
        while (_revisions.Min() < now.ResponseStream.Current.Revision)
        {
            if (Array.Find(_reading, task => task.IsCompleted) is { } ended)
            {
                await ended;
            }
            if (Stopwatch.GetElapsedTime(since) > _catchUpTimeout)
            {
                throw new TimeoutException($"A watcher is still behind after {_catchUpTimeout.TotalSeconds:0} s.");
            }
            await Task.Delay(_catchUpPoll, cancellationToken);
        }
        return Stopwatch.GetElapsedTime(since);
    }

    public async ValueTask DisposeAsync()
    {
        await _leaving.CancelAsync();
        await Task.WhenAll(_reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var call in _calls)
        {
            call.Dispose();
        }
        _channels.Dispose();
        _leaving.Dispose();
    }

    private static AsyncServerStreamingCall<WatchedChange> Open(CallInvoker invoker, CancellationToken cancellationToken) =>
        invoker.AsyncServerStreamingCall(RawMethods.WatchNodes, null, new CallOptions(cancellationToken: cancellationToken), new Payload([]));

    private async Task ReadAsync(AsyncServerStreamingCall<WatchedChange> call, int watcher)
    {
        while (await call.ResponseStream.MoveNext())
        {
            Volatile.Write(ref _revisions[watcher], call.ResponseStream.Current.Revision);
            Interlocked.Increment(ref _changeCount);
        }
    }
}
