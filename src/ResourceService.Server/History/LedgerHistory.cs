using ResourceService.Server.Grpc;
using ResourceService.Storage;

namespace ResourceService.Server.History;

/// <summary>
/// The newest events in memory, all others in the store. Who follows the history asks for what comes after a revision; it reads from memory
/// while it keeps up and from the store when it does not, so a slow reader costs nothing but its own time.
/// </summary>
internal sealed class LedgerHistory(IClaimReader reader)
{
    // What a follower may fall behind before it reads from the store: about a second of the fastest writing.
    private const int RecentMax = 65_536;

    private readonly Lock _gate = new();
    private readonly LedgerEvent?[] _recent = new LedgerEvent?[RecentMax];
    private long _last;

    // The oldest revision in memory; all up to _last are there.
    private long _first = 1;
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The newest revision.</summary>
    public long LastRevision => Volatile.Read(ref _last);

    /// <summary>Begins behind what the store holds.</summary>
    public void StartAfter(long revision)
    {
        TaskCompletionSource grown;
        lock (_gate)
        {
            _last = revision;
            _first = revision + 1;
            grown = _grown;
            _grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        grown.TrySetResult();
    }

    /// <summary>Adds what a commit made durable.</summary>
    public void Append(IReadOnlyList<LedgerEvent> events)
    {
        if (events.Count == 0)
            return;

        TaskCompletionSource grown;
        lock (_gate)
        {
            foreach (var recorded in events)
                _recent[recorded.Revision % RecentMax] = recorded;
            _last = events[^1].Revision;
            _first = Math.Max(_first, _last - RecentMax + 1);
            grown = _grown;
            _grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        grown.TrySetResult();
    }

    /// <summary>The events after a revision, at most some, in order; none when there are none yet.</summary>
    public IReadOnlyList<LedgerEvent> ReadAfter(long revision, int limit)
    {
        lock (_gate)
        {
            if (revision + 1 >= _first)
            {
                var count = (int)Math.Min(limit, _last - revision);
                var events = new LedgerEvent[Math.Max(0, count)];
                for (var i = 0; i < events.Length; i++)
                    events[i] = _recent[(revision + 1 + i) % RecentMax]!;
                return events;
            }
        }

        return [.. reader.ListEvents(new EventFilter { After = revision, Until = LastRevision }, limit)];
    }

    /// <summary>Throws OUT_OF_RANGE when events after a revision are no longer kept, or when this ledger never gave it.</summary>
    public void RequireKept(long revision)
    {
        var oldest = reader.OldestRevision();
        if (oldest == 0)
            oldest = LastRevision + 1;
        if (revision + 1 < oldest)
            throw RpcErrors.RevisionTooOld(revision, oldest).ToException();
        // Its caller may have seen changes that a restore has undone: that must not go unnoticed.
        if (revision < LastRevision && !reader.IsInHistory(revision))
            throw RpcErrors.RevisionReplaced(revision, LastRevision).ToException();
    }

    /// <summary>Ends once there is something after a revision.</summary>
    public Task WaitAfterAsync(long revision, CancellationToken cancellation)
    {
        lock (_gate)
            return _last > revision ? Task.CompletedTask : _grown.Task.WaitAsync(cancellation);
    }
}
