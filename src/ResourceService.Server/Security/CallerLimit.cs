using ResourceService.Server.Options;

namespace ResourceService.Server.Security;

/// <summary>What one caller has in flight and may still ask. Safe for any thread.</summary>
internal sealed class CallerLimit(LimitOptions options, TimeProvider time)
{
    private static readonly TimeSpan _soon = TimeSpan.FromMilliseconds(50);

    private readonly CallRate? _rate = options.CallsPerSecond == 0 ? null : new CallRate(
        options.CallsPerSecond, options.CallsBurst > 0 ? options.CallsBurst : options.CallsPerSecond * 2, time);

    private int _inFlight;

    /// <summary>Whether the caller's rate is limited.</summary>
    public bool HasRate => _rate is not null;

    /// <summary>Whether forgetting it would change nothing: nothing is in flight, and the rate allows what it allows a new caller.</summary>
    public bool IsAtRest => Volatile.Read(ref _inFlight) == 0 && _rate is not { IsAtRest: false };

    /// <summary>Takes a place for one call; every success is followed by one <see cref="Leave"/>.</summary>
    /// <param name="retryAfter">When to come back after a refusal.</param>
    public bool TryEnter(out TimeSpan retryAfter)
    {
        retryAfter = _soon;
        if (Interlocked.Increment(ref _inFlight) > options.CallsInFlightMax && options.CallsInFlightMax > 0)
        {
            Leave();
            return false;
        }

        if (TryTake(out retryAfter))
            return true;
        Leave();
        return false;
    }

    /// <summary>Gives the place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _inFlight);

    /// <summary>Counts a call, or a claim in a stream, against the rate.</summary>
    public bool TryTake(out TimeSpan retryAfter) => TryTake(1, 1, out retryAfter);

    /// <summary>
    /// Counts what a batch holds beside the call that it is. A batch larger than a burst is admitted when there is a whole one, but for the call itself,
    /// and keeps its caller waiting afterwards.
    /// </summary>
    public bool TryTakeBatch(int claims, out TimeSpan retryAfter) =>
        TryTake(claims - 1, Math.Min(claims, _rate?.Burst ?? 0) - 1, out retryAfter);

    private bool TryTake(int count, int atOnce, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        if (_rate is null || count <= 0 || _rate.TryTake(count, atOnce, out var wait))
            return true;
        retryAfter = wait > _soon ? wait : _soon;
        return false;
    }
}
