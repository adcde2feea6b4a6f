using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Server.Options;
using ResourceService.Server.Security;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

namespace ResourceService.Server.History;

/// <summary>
/// Sends the ledger's history to one watcher. Nothing is queued for it: it reads on from where it is, from memory or from the store, as fast as
/// its connection takes it, so a slow watcher costs a page of events and slows nobody. One that is far behind waits for its turn among all large
/// answers before each page. One that takes nothing at all for too long is cut off and told where to resume.
/// </summary>
internal sealed class HistoryWatch(
    LedgerHistory history, WorkGates gates, StoppingSignal stop, RequestOptions options, TimeProvider time, ILogger<HistoryWatch> logger)
{
    private const int PageSize = 256;

    // A watcher of quiet nodes is told after so many changes how far it is.
    private const int ProgressEvery = 1_000;

    // Who keeps up never waits: this many changes are made into messages in less time than it takes to change threads.
    private const int BehindMin = 32;

    private int _count;

    /// <summary>How many follow the history now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Runs until the caller leaves or the service stops.</summary>
    /// <param name="revision">The revision to go on after; 0 for from now on.</param>
    /// <param name="toMessage">An event as the watcher sees it; null when it is not meant for it.</param>
    /// <param name="toProgress">A message that says only how far the watch is.</param>
    /// <param name="stream">Where messages go.</param>
    /// <param name="context">The call.</param>
    public async Task RunAsync<TMessage>(
        long revision, Func<LedgerEvent, TMessage?> toMessage, Func<long, TMessage> toProgress, IServerStreamWriter<TMessage> stream,
        ServerCallContext context)
        where TMessage : class, IMessage
    {
        var last = history.LastRevision;
        if (revision > last)
            throw RpcErrors.RevisionInFuture(revision, last).ToException();

        var address = context.GetHttpContext().Features.GetRequiredFeature<ClientAddress>();
        var stall = TimeSpan.FromSeconds(options.WatchStallSeconds);
        var position = revision > 0 ? revision : last;
        // What the watcher certainly has, and how far it knows to be.
        var (sent, told) = (position, position);
        Interlocked.Increment(ref _count);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stop.Token);
        var output = new WatchOutput<TMessage>(stream, address.Unread, stall, time, context.CancellationToken, ending.Token);
        try
        {
            if (revision > 0)
            {
                if (!await EnterAsync(address, ending.Token))
                {
                    stop.Token.ThrowIfCancellationRequested();
                    return;
                }

                RequireKept(revision);
            }

            await output.AddAsync(toProgress(position));
            await output.SendAsync();
            while (!ending.IsCancellationRequested)
            {
                var isBehind = history.LastRevision - position > BehindMin;
                if (isBehind && !await EnterAsync(address, ending.Token))
                    break;
                int read;
                try
                {
                    read = await GatherAsync();
                }
                finally
                {
                    if (isBehind)
                        gates.Pages.Leave();
                }

                await output.SendAsync();
                sent = position;
                // Whoever leaves while nothing happens, as most do, costs no exception.
                if (read == 0)
                    await history.WaitAfterAsync(position, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            stop.Token.ThrowIfCancellationRequested();
            context.Status = new Status(StatusCode.Cancelled, "");
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
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

        async ValueTask<int> GatherAsync()
        {
            var events = history.ReadAfter(position, PageSize);
            // Revisions that are missing may have been dropped meanwhile, as too old: that must not go unnoticed.
            if (events.Count > 0 && events[0].Revision > position + 1)
                history.RequireKept(position);
            foreach (var recorded in events)
            {
                if (output.IsFull)
                    break;
                if (toMessage(recorded) is { } message)
                {
                    await output.AddAsync(message);
                    told = recorded.Revision;
                }

                position = recorded.Revision;
            }

            if (output.IsEmpty && position - told >= ProgressEvery)
            {
                await output.AddAsync(toProgress(position));
                told = position;
            }

            return events.Count;
        }
    }

    private void RequireKept(long revision)
    {
        try
        {
            history.RequireKept(revision);
        }
        finally
        {
            gates.Pages.Leave();
        }
    }

    // False when the watch has ended meanwhile.
    private async ValueTask<bool> EnterAsync(ClientAddress address, CancellationToken ending)
    {
        if (!address.Unread.HasRoom())
            throw RpcErrors.AnswersUnread().ToException();
        var turn = await gates.Pages.EnterAsync(address, ending);
        if (turn == WorkTurn.Refused)
            throw RpcErrors.AddressBusy().ToException();
        if (turn != WorkTurn.Begun || !ending.IsCancellationRequested)
            return turn == WorkTurn.Begun;
        gates.Pages.Leave();
        return false;
    }
}
