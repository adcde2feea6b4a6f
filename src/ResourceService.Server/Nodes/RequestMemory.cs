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
    private readonly TimeProvider _time;

    public RequestMemory(RequestOptions options, TimeProvider time)
    {
        _time = time;
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

    /// <summary>The request became durable. Also for requests found durable after a commit in doubt.</summary>
    public void Remember(Guid id, long fingerprint, long answer, long timeMs) => PartOf(id).Remember(id, fingerprint, answer, timeMs);

    /// <summary>The request became durable just now.</summary>
    public void Remember(RequestOrigin origin, long answer) =>
        Remember(origin.RequestId!.Value, origin.Fingerprint, answer, _time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>The answer is no longer kept: the id means nothing any more.</summary>
    public void Forget(Guid id) => PartOf(id).Forget(id);

    /// <summary>The caller that took the id is done with it. It stays known only if it was remembered.</summary>
    public void End(Guid id) => PartOf(id).End(id);

    private Part PartOf(Guid id) => _parts[(uint)id.GetHashCode() % PartCount];

    private sealed class Part(int countMax, TimeSpan ageMax)
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<Guid, (long Fingerprint, long Answer)> _remembered = [];
        private readonly Queue<(Guid Id, long Answer, long TimeMs)> _oldest = new();
        private readonly Dictionary<Guid, (long Fingerprint, TaskCompletionSource Ended)> _underWay = [];

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
                if (_remembered.TryGetValue(id, out var remembered))
                    return (remembered.Fingerprint == fingerprint ? Standing.Remembered : Standing.Reused, remembered.Answer, Task.CompletedTask);
                if (_underWay.TryGetValue(id, out var underWay))
                    return (underWay.Fingerprint == fingerprint ? Standing.UnderWay : Standing.Reused, 0, underWay.Ended.Task);
                _underWay.Add(id, (fingerprint, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
                return (Standing.New, 0, Task.CompletedTask);
            }
        }

        public void Remember(Guid id, long fingerprint, long answer, long timeMs)
        {
            lock (_gate)
            {
                if (countMax > 0 && _remembered.TryAdd(id, (fingerprint, answer)))
                    _oldest.Enqueue((id, answer, timeMs));
                while (_oldest.TryPeek(out var oldest)
                    && (_remembered.Count > countMax || timeMs - oldest.TimeMs > ageMax.TotalMilliseconds))
                {
                    // One that was forgotten may be remembered anew, with another answer.
                    if (_remembered.TryGetValue(oldest.Id, out var remembered) && remembered.Answer == oldest.Answer)
                        _remembered.Remove(oldest.Id);
                    _oldest.Dequeue();
                }
            }
        }

        // Its place in the queue stays until it is the oldest, and means nothing then.
        public void Forget(Guid id)
        {
            lock (_gate)
                _remembered.Remove(id);
        }

        public void End(Guid id)
        {
            (long Fingerprint, TaskCompletionSource Ended) underWay;
            lock (_gate)
            {
                if (!_underWay.Remove(id, out underWay))
                    return;
            }

            underWay.Ended.TrySetResult();
        }
    }
}
