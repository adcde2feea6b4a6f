using Grpc.Core;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.History;

/// <summary>
/// Sends the ledger's history to one watcher. Nothing is queued for it: it reads on from where it is, from memory or from the store, as fast as
/// its connection takes it, and it is told the revision to resume from whenever it stops.
/// </summary>
internal sealed class HistoryWatch(LedgerHistory history, StoppingSignal stop)
{
    private const int PageSize = 1_000;

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

        var position = revision > 0 ? revision : last;
        Interlocked.Increment(ref _count);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stop.Token);
        try
        {
            await WriteAsync(toProgress(position));
            while (true)
            {
                var events = history.ReadAfter(position, PageSize);
                // Revisions that are missing may have been dropped meanwhile, as too old: that must not go unnoticed.
                if (events.Count > 0 && events[0].Revision > position + 1)
                    history.RequireKept(position);
                var sent = false;
                foreach (var recorded in events)
                {
                    position = recorded.Revision;
                    if (toMessage(recorded) is not { } message)
                        continue;
                    sent = true;
                    await WriteAsync(message);
                }

                // A watcher of quiet nodes learns now and then how far it is, so that it can resume from there.
                if (events.Count == PageSize && !sent)
                    await WriteAsync(toProgress(position));
                if (events.Count == 0)
                    await history.WaitAfterAsync(position, ending.Token);
            }
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw RpcErrors.Stopping().ToException();
        }
        finally
        {
            Interlocked.Decrement(ref _count);
        }

        // A token given to the write itself would reset the stream when the service stops, and the caller would not learn why.
        Task WriteAsync(TMessage message) => output.WriteAsync(message, cancellation).WaitAsync(ending.Token);
    }
}
