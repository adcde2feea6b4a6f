using Google.Protobuf;
using Grpc.Core;
using ResourceService.Server.Security;

namespace ResourceService.Server.History;

/// <summary>
/// What goes to one watcher. Messages are gathered and sent together, as sending each for itself is a watch's main cost, and gathered no further than
/// some kilobytes, which is all that a watcher that does not read holds.
/// </summary>
/// <param name="stream">Where messages go.</param>
/// <param name="unread">What the watcher's address has not read.</param>
/// <param name="stall">How long the watcher may take for what is sent.</param>
/// <param name="time">The clock.</param>
/// <param name="cancellation">Ends when the watcher leaves.</param>
/// <param name="ending">Ends when the watcher leaves or the service stops.</param>
internal sealed class WatchOutput<TMessage>(
    IServerStreamWriter<TMessage> stream, Bound unread, TimeSpan stall, TimeProvider time, CancellationToken cancellation, CancellationToken ending)
    where TMessage : class, IMessage
{
    private const int GatheredBytesMax = 64 * 1024;

    private static readonly WriteOptions _moreFollows = new(WriteFlags.BufferHint);
    private static readonly WriteOptions _flush = new();

    // Held back until it is known whether another follows.
    private TMessage? _last;
    private int _bytes;

    /// <summary>Whether nothing is gathered.</summary>
    public bool IsEmpty => _last is null;

    /// <summary>Whether it must be sent before there may be more.</summary>
    public bool IsFull => _bytes >= GatheredBytesMax;

    /// <summary>Gathers a message.</summary>
    public async ValueTask AddAsync(TMessage message)
    {
        if (_last is not null)
            await WriteAsync(_last, _moreFollows);
        _last = message;
        _bytes += message.CalculateSize();
    }

    /// <summary>Sends what is gathered, and waits until the watcher's connection has taken it.</summary>
    public async Task SendAsync()
    {
        // For whom nothing can be sent any more costs no exception where it is known.
        if (_last is null || ending.IsCancellationRequested)
            return;
        var sending = WriteAsync(_last, _flush);
        var bytes = _bytes;
        (_last, _bytes) = (null, 0);
        if (sending.IsCompleted)
        {
            await sending;
            return;
        }

        unread.Take(bytes);
        try
        {
            await sending;
        }
        finally
        {
            unread.GiveBack(bytes);
        }
    }

    // A token given to the write itself would reset the stream when the service stops, and the caller would not learn why.
    private Task WriteAsync(TMessage message, WriteOptions write)
    {
        stream.WriteOptions = write;
        return stream.WriteAsync(message, cancellation).WaitAsync(stall, time, ending);
    }
}
