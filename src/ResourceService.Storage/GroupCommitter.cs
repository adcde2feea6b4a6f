using System.Diagnostics;
using ResourceService.Ledger;

namespace ResourceService.Storage;

/// <summary>
/// The one writer. It takes whatever entries are waiting, writes them in one transaction, makes that durable once, and then tells each entry.
/// While a transaction runs the next batch gathers, so under load many requests share one disk flush and alone a request waits for nothing.
/// There is no timer and no artificial delay.
///
/// Entries become durable in the order of <see cref="Submit"/>. When a commit fails, nobody knows what is on the disk, so every entry of the
/// batch and every entry behind it fails, the ledgers they changed are poisoned, and the store is asked again and again until it answers;
/// then the poisoned nodes are read anew. A ledger that breaks a rule of its own fails alone: its node is read anew, and others go on. An entry of a
/// poisoned ledger that arrives later fails as well: it was decided on changes that
/// never became durable.
/// </summary>
public sealed class GroupCommitter : IDisposable
{
    private readonly IClaimStore _store;
    private readonly ICommitObserver _observer;
    private readonly Func<Instant>? _now;
    private readonly CommitOptions _options;
    private readonly Thread _thread;

    // A monitor, not a semaphore: waiting on it sleeps at once. A semaphore spins first, on a processor that callers need.
    private readonly object _gate = new();

    // Both under _gate. Bounded by the requests in flight, which the server limits before a worker decides.
    private List<CommitEntry> _waiting = [];
    private bool _stopping;

    // Whether the writer sleeps; spares a wake-up per entry while it works. Under _gate.
    private bool _idle;

    private long _lastRevision;
    private long _lastUnchangedRequest;

    // Of the newest event that was or may have been written. Only the writer's thread reads it.
    private Instant _lastEventTime;
    private volatile bool _available = true;

    /// <summary>Starts the writer's thread.</summary>
    public GroupCommitter(
        IClaimStore store, ICommitObserver observer, CommitOptions options, long lastRevision, long lastUnchangedRequest = 0,
        Instant lastEventTime = default, Func<Instant>? now = null)
    {
        _store = store;
        _observer = observer;
        _options = options;
        _lastRevision = lastRevision;
        _lastUnchangedRequest = lastUnchangedRequest;
        _lastEventTime = lastEventTime;
        _now = now;
        _thread = new Thread(Run) { Name = "group-committer", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Whether the store takes writes, as far as is known. While it does not, deciding is pointless.</summary>
    public bool IsAvailable => _available;

    /// <summary>Whether the store should take nothing that makes the ledger grow.</summary>
    public bool IsNearlyFull => _store.NearlyFullBecause is not null;

    /// <summary>The newest durable revision.</summary>
    public long LastRevision => Volatile.Read(ref _lastRevision);

    /// <summary>How many entries wait for the next transaction.</summary>
    public int WaitingCount
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Puts an entry behind all others. The entry is told its fate exactly once.</summary>
    public void Submit(CommitEntry entry)
    {
        lock (_gate)
        {
            if (!_stopping)
            {
                _waiting.Add(entry);
                Wake();
                return;
            }
        }

        Fail(entry);
    }

    /// <summary>Commits what waits, takes nothing more, and ends the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping)
                return;
            _stopping = true;
            Wake();
        }

        _thread.Join();
    }

    // Under _gate.
    private void Wake()
    {
        if (!_idle)
            return;
        _idle = false;
        Monitor.Pulse(_gate);
    }

    private void Run()
    {
        var taken = new List<CommitEntry>();
        while (Take(ref taken))
        {
            for (var start = 0; start < taken.Count; start += _options.BatchMax)
            {
                var entries = taken.GetRange(start, Math.Min(_options.BatchMax, taken.Count - start));
                var undone = entries.AsEnumerable();
                if (TryCommit(entries, out var cause))
                {
                    if (TryReadBroken(entries, out cause))
                        continue;
                    undone = entries.Where(entry => entry.RefusedBecause is not null);
                }

                foreach (var behind in taken.Skip(start + entries.Count))
                    Fail(behind);
                Recover(cause, undone.Concat(taken.Skip(start + entries.Count)));
                break;
            }

            taken.Clear();
        }
    }

    // Swaps an empty list for the waiting one; false when there is nothing more to do.
    private bool Take(ref List<CommitEntry> taken)
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_stopping)
                    return false;
                _idle = true;
                Monitor.Wait(_gate);
            }

            (_waiting, taken) = (taken, _waiting);
            return true;
        }
    }

    private bool TryCommit(List<CommitEntry> entries, out Exception cause)
    {
        var batch = new CommitBatch(_lastRevision, _lastUnchangedRequest, entries.Count, _lastEventTime) { Time = _now?.Invoke() };
        var answers = new long?[entries.Count];
        try
        {
            for (var i = 0; i < entries.Count; i++)
            {
                RefuseBroken(entries[i]);
                entries[i].Committing(entries.Count);
                var poisoned = CountPoisoned(entries[i]);
                if (poisoned == 0 && entries[i].RefusedBecause is null)
                    answers[i] = batch.Add(entries[i]);
                else if (poisoned < entries[i].Nodes.Count)
                    throw new InvalidOperationException("A change of several nodes rests on a lost change of one: all of them are read again.");
            }

            _lastEventTime = batch.LastTime;
            if (!batch.IsEmpty)
            {
                var start = Stopwatch.GetTimestamp();
                _store.Commit(batch);
                batch.Elapsed = Stopwatch.GetElapsedTime(start);
            }
        }
        catch (Exception failure)
        {
            // The boundary to the disk: whatever went wrong there, the batch is in doubt and none of it may be acknowledged.
            foreach (var entry in entries)
                Fail(entry);
            cause = failure;
            return false;
        }

        Volatile.Write(ref _lastRevision, batch.LastRevision);
        _lastUnchangedRequest = batch.LastUnchangedRequest;
        _observer.OnDurable(batch);
        for (var i = 0; i < entries.Count; i++)
        {
            if (answers[i] is { } answer)
                entries[i].Committed(answer);
            else
                Fail(entries[i]);
        }

        _observer.OnCommitted(batch, entries.Count);
        for (var i = 0; i < entries.Count; i++)
        {
            if (answers[i] is not null)
                entries[i].Acknowledge();
        }

        cause = null!;
        return true;
    }

    // Only the writer learns what turned out durable, so nothing can change between this and the commit.
    private static void RefuseBroken(CommitEntry entry)
    {
        entry.RefusedBecause = entry.Fault ?? (entry.IsDoneAlready
            ? new InvalidOperationException("The request turned out to be durable after a commit in doubt; what was decided anew is not kept.")
            : null);
        if (entry.RefusedBecause is not null)
            Poison(entry);
    }

    // A ledger that broke its own rules is read again; the store is sound, and nobody else's changes are in doubt.
    private bool TryReadBroken(List<CommitEntry> entries, out Exception cause)
    {
        try
        {
            foreach (var entry in entries)
            {
                if (entry.RefusedBecause is not { } fault)
                    continue;
                var keys = entry.Nodes.Select(node => node.Before.NodeKey).ToHashSet();
                var nodes = _store.LoadNodes(keys);
                _observer.OnLedgerBroken(fault, nodes, [.. keys.Except(nodes.Select(node => node.NodeKey))]);
            }
        }
        catch (Exception failure)
        {
            // The boundary to the disk, as above.
            cause = failure;
            return false;
        }

        cause = null!;
        return true;
    }

    private void Recover(Exception cause, IEnumerable<CommitEntry> failed)
    {
        _available = false;
        _observer.OnStoreLost(cause);
        var poisoned = new HashSet<int>();
        Collect(failed);

        for (var attempt = 0; ; attempt++)
        {
            var delay = TimeSpan.FromMilliseconds(_options.RetryDelayMs * (1 << Math.Min(attempt, 4)));
            var waited = Stopwatch.StartNew();
            do
            {
                // Those who decided before they saw the store go: nothing waits behind a lost store.
                var late = new List<CommitEntry>();
                if (!TakeWithin(delay - waited.Elapsed, ref late))
                    return;
                foreach (var entry in late)
                    Fail(entry);
                Collect(late);
            }
            while (waited.Elapsed < delay);

            try
            {
                _store.Reopen();
                var (requests, lastRevision, lastUnchangedRequest) = _store.LoadRequestsAfter(_lastRevision, _lastUnchangedRequest);
                var nodes = _store.LoadNodes(poisoned);
                Volatile.Write(ref _lastRevision, lastRevision);
                _lastUnchangedRequest = lastUnchangedRequest;
                _observer.OnStoreRecovered(nodes, [.. poisoned.Except(nodes.Select(node => node.NodeKey))], requests);
                _available = true;
                return;
            }
            catch (Exception again)
            {
                // Still lost. The operator hears of the newest cause.
                _observer.OnStoreLost(again);
            }
        }

        void Collect(IEnumerable<CommitEntry> entries)
        {
            foreach (var node in entries.SelectMany(entry => entry.Nodes))
                poisoned.Add(node.Before.NodeKey);
        }
    }

    // Takes what waits, or waits for entries for at most a span; false when the committer stops, after failing what waits.
    private bool TakeWithin(TimeSpan span, ref List<CommitEntry> taken)
    {
        bool stopping;
        lock (_gate)
        {
            if (_waiting.Count == 0 && !_stopping && span > TimeSpan.Zero)
            {
                _idle = true;
                Monitor.Wait(_gate, span);
                _idle = false;
            }

            stopping = _stopping;
            (_waiting, taken) = (taken, _waiting);
        }

        if (!stopping)
            return true;
        foreach (var entry in taken)
            Fail(entry);
        return false;
    }

    // An entry whose ledgers are all poisoned fails alone, because those nodes were or are being read again. When it has a sound one as well,
    // that one holds a change which never becomes durable, and entries behind it may rest on it: the whole batch must fail.
    private static int CountPoisoned(CommitEntry entry)
    {
        var count = 0;
        foreach (var node in entry.Nodes)
            count += node.Ledger.Poisoned ? 1 : 0;
        return count;
    }

    private static void Fail(CommitEntry entry)
    {
        Poison(entry);
        entry.Failed();
    }

    private static void Poison(CommitEntry entry)
    {
        foreach (var node in entry.Nodes)
            node.Ledger.Poison();
    }
}
