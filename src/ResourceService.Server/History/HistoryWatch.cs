using Grpc.Core;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

namespace ResourceService.Server.History;

/// <summary>
/// Sends the ledger's history to one watcher. Nothing is queued for it: it reads on from where it is, from memory or from the store, as fast as
/// its connection takes it, so a slow watcher costs a page of events and slows nobody. One that takes nothing at all for too long is cut off and told
/// where to resume.
/// </summary>
internal sealed class HistoryWatch(LedgerHistory history, StoppingSignal stop, RequestOptions options, TimeProvider time, ILogger<HistoryWatch> logger)
{
    private const int PageSize = 1_000;

    private static readonly WriteOptions _moreFollows = new(WriteFlags.BufferHint);
    private static readonly WriteOptions _flush = new();

    private int _count;

    /// <summary>How many follow the history now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Runs until the caller leaves or the service stops.</summary>
    /// <param name="revision">The revision to go on after; 0 for from now on.</param>
    /// <param name="toMessage">An event as the watcher sees it; null when it is not meant for it.</param>
    /// <param name="toProgress">A message that says only how far the watch is.</param>
    /// <param name="output">Where messages go.</param>
    /// <param name="cancellation">Ends when the caller leaves.</param>
    public async Task RunAsync<TMessage>(
        long revision, Func<LedgerEvent, TMessage?> toMessage, Func<long, TMessage> toProgress, IServerStreamWriter<TMessage> output,
        CancellationToken cancellation)
        where TMessage : class
    {
        var last = history.LastRevision;
        if (revision > last)
            throw RpcErrors.RevisionInFuture(revision, last).ToException();
        if (revision > 0)
            history.RequireKept(revision);

        var stall = TimeSpan.FromSeconds(options.WatchStallSeconds);
        var position = revision > 0 ? revision : last;
        // What the watcher certainly has, and how far it knows to be.
        var (sent, told) = (position, position);
        Interlocked.Increment(ref _count);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stop.Token);
        try
        {
            await WriteAsync(toProgress(position), _flush);
            while (true)
            {
                var events = history.ReadAfter(position, PageSize);
                // Revisions that are missing may have been dropped meanwhile, as too old: that must not go unnoticed.
                if (events.Count > 0 && events[0].Revision > position + 1)
                    history.RequireKept(position);
                // Held back until it is known whether another follows: flushing each message is a watch's main cost.
                TMessage? held = null;
                foreach (var recorded in events)
                {
                    if (toMessage(recorded) is { } message)
                    {
                        if (held is not null)
                            await WriteAsync(held, _moreFollows);
                        (held, told) = (message, recorded.Revision);
                    }

                    position = recorded.Revision;
                }

                // A watcher of quiet nodes learns now and then how far it is, so that it can resume from there.
                if (held is null && position - told >= PageSize)
                    (held, told) = (toProgress(position), position);
                if (held is not null)
                    await WriteAsync(held, _flush);
                sent = position;
                if (events.Count == 0)
                    await history.WaitAfterAsync(position, ending.Token);
            }
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw RpcErrors.Stopping().ToException();
        }
        catch (TimeoutException)
        {
            logger.WatcherCutOff(options.WatchStallSeconds, sent);
            // The messages that were not taken may come again: better than missing them.
            throw RpcErrors.WatcherTooSlow(sent).ToException();
        }
        finally
        {
            Interlocked.Decrement(ref _count);
        }

        // A token given to the write itself would reset the stream when the service stops, and the caller would not learn why.
        Task WriteAsync(TMessage message, WriteOptions write)
        {
            output.WriteOptions = write;
            return output.WriteAsync(message, cancellation).WaitAsync(stall, time, ending.Token);
        }
    }
}
