using ResourceService.Server.Options;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>
/// Knows the ids of requests under way and of those that became durable. The answers themselves stay in the store; here is only where to find
/// them. Bounded by number and age: the oldest are forgotten first.
/// </summary>
internal sealed class RequestMemory
{
    // Ids are spread over parts with a lock each, so that callers rarely meet.
    private const int PartCount = 64;

    private readonly Part[] _parts = new Part[PartCount];
    private readonly LedgerClock _clock;

    // How many ids under way turned out durable: nearly always none, which is asked before every change is written.
    private int _foundDurable;

    public RequestMemory(RequestOptions options, LedgerClock clock)
    {
        _clock = clock;
        for (var i = 0; i < PartCount; i++)
            _parts[i] = new Part((options.RememberedMax + PartCount - 1) / PartCount, TimeSpan.FromMinutes(options.RememberedMinutes));
    }

    /// <summary>What is known of a request id.</summary>
    public enum Standing
    {
        /// <summary>Nothing was known; the id is now taken and the caller must <see cref="End"/> it.</summary>
        New,

        /// <summary>Its answer is kept at the place given.</summary>
        Remembered,

        /// <summary>The same request is under way; wait and ask again.</summary>
        UnderWay,

        /// <summary>The id was used with other content.</summary>
        Reused,
    }

    /// <summary>How many requests are remembered.</summary>
    public long Count => _parts.Sum(part => (long)part.Count);

    /// <summary>Takes the id for a request, or says what is known of it.</summary>
    public (Standing Standing, long Answer, Task UnderWay) Begin(Guid id, long fingerprint) => PartOf(id).Begin(id, fingerprint);

    /// <summary>
    /// Takes an id again that is remembered at this place: its answer is no longer kept, or was never given. It stays remembered meanwhile. False when
    /// that is not so any more; ask again.
    /// </summary>
    public bool BeginAgain(Guid id, long fingerprint, long answer) => PartOf(id).BeginAgain(id, fingerprint, answer);

    /// <summary>The request was found durable: at start, or after a commit in doubt.</summary>
    /// <remarks>One from the future, kept while the clock was ahead, is as old as the memory: or it, and all behind it, would stay until its time.</remarks>
    public void Recall(RememberedRequest request) =>
        PartOf(request.RequestId).Remember(request.RequestId, request.Fingerprint, request.Answer, Math.Min(request.TimeMs, _clock.Now.UnixMs));

    /// <summary>
    /// The request was found durable after a commit in doubt. A retry that began before this was known is under way with the same id, and what it decides
    /// must not be written: see <see cref="WasFoundDurable"/>.
    /// </summary>
    public void RememberFound(RememberedRequest request)
    {
        if (PartOf(request.RequestId).MarkFound(request.RequestId))
            Interlocked.Increment(ref _foundDurable);
        Recall(request);
    }

    /// <summary>Whether the id under way turned out to be durable since it was taken.</summary>
    public bool WasFoundDurable(Guid? id) => Volatile.Read(ref _foundDurable) > 0 && id is { } known && PartOf(known).WasFound(known);

    /// <summary>The request became durable just now.</summary>
    public void Remember(RequestOrigin origin, long answer) =>
        PartOf(origin.RequestId!.Value).Remember(origin.RequestId.Value, origin.Fingerprint, answer, _clock.Now.UnixMs);

    /// <summary>The caller that took the id is done with it. It stays known only if it was remembered.</summary>
    public void End(Guid id)
    {
        if (PartOf(id).End(id))
            Interlocked.Decrement(ref _foundDurable);
    }

    private Part PartOf(Guid id) => _parts[(uint)id.GetHashCode() % PartCount];

    private sealed class Part(int countMax, TimeSpan ageMax)
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<Guid, (long Fingerprint, long Answer)> _remembered = [];
        private readonly Queue<(Guid Id, long Answer, long TimeMs)> _oldest = new();
        private readonly Dictionary<Guid, (long Fingerprint, TaskCompletionSource Ended)> _underWay = [];
        private readonly HashSet<Guid> _found = [];

        public int Count
        {
            get
            {
                lock (_gate)
                    return _remembered.Count;
            }
        }

        public (Standing, long, Task) Begin(Guid id, long fingerprint)
        {
            lock (_gate)
            {
                // First: one that is taken again is remembered as well.
                if (_underWay.TryGetValue(id, out var underWay))
                    return (underWay.Fingerprint == fingerprint ? Standing.UnderWay : Standing.Reused, 0, underWay.Ended.Task);
                if (_remembered.TryGetValue(id, out var remembered))
                    return (remembered.Fingerprint == fingerprint ? Standing.Remembered : Standing.Reused, remembered.Answer, Task.CompletedTask);
                Take(id, fingerprint);
                return (Standing.New, 0, Task.CompletedTask);
            }
        }

        public bool BeginAgain(Guid id, long fingerprint, long answer)
        {
            lock (_gate)
            {
                if (_underWay.ContainsKey(id) || !_remembered.TryGetValue(id, out var remembered) || remembered != (fingerprint, answer))
                    return false;
                Take(id, fingerprint);
                return true;
            }
        }

        public void Remember(Guid id, long fingerprint, long answer, long timeMs)
        {
            lock (_gate)
            {
                if (countMax > 0)
                {
                    _remembered[id] = (fingerprint, answer);
                    _oldest.Enqueue((id, answer, timeMs));
                }

                while (_oldest.TryPeek(out var oldest)
                    && (_remembered.Count > countMax || timeMs - oldest.TimeMs > ageMax.TotalMilliseconds))
                {
                    // One that was remembered again has another answer, and a later place.
                    if (_remembered.TryGetValue(oldest.Id, out var remembered) && remembered.Answer == oldest.Answer)
                        _remembered.Remove(oldest.Id);
                    _oldest.Dequeue();
                }
            }
        }

        public bool MarkFound(Guid id)
        {
            lock (_gate)
                return _underWay.ContainsKey(id) && _found.Add(id);
        }

        public bool WasFound(Guid id)
        {
            lock (_gate)
                return _found.Contains(id);
        }

        // True when it had been found durable meanwhile.
        public bool End(Guid id)
        {
            (long Fingerprint, TaskCompletionSource Ended) underWay;
            bool wasFound;
            lock (_gate)
            {
                if (!_underWay.Remove(id, out underWay))
                    return false;
                wasFound = _found.Remove(id);
            }

            underWay.Ended.TrySetResult();
            return wasFound;
        }

        // Under _gate.
        private void Take(Guid id, long fingerprint) =>
            _underWay.Add(id, (fingerprint, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
    }
}
