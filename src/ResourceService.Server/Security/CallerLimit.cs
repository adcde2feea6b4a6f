using System.Threading.RateLimiting;
using ResourceService.Server.Options;

namespace ResourceService.Server.Security;

/// <summary>What one caller has in flight and may still ask. Safe for any thread.</summary>
internal sealed class CallerLimit : IDisposable
{
    private static readonly TimeSpan _soon = TimeSpan.FromMilliseconds(50);

    private readonly TokenBucketRateLimiter? _rate;
    private readonly int _burst;
    private readonly int _inFlightMax;
    private int _inFlight;

    public CallerLimit(LimitOptions options)
    {
        _inFlightMax = options.CallsInFlightMax;
        if (options.CallsPerSecond == 0)
            return;
        // Filled by whoever asks, not by a timer of each caller. Ten times a second, so that nobody waits for a whole one.
        var perPeriod = Math.Max(1, options.CallsPerSecond / 10);
        _burst = options.CallsBurst > 0 ? options.CallsBurst : options.CallsPerSecond * 2;
        _rate = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = _burst,
            TokensPerPeriod = perPeriod,
            ReplenishmentPeriod = TimeSpan.FromSeconds((double)perPeriod / options.CallsPerSecond),
            AutoReplenishment = false,
            QueueLimit = 0,
        });
    }

    /// <summary>Whether the caller's rate is limited.</summary>
    public bool HasRate => _rate is not null;

    /// <summary>Whether nothing is in flight.</summary>
    public bool IsIdle => Volatile.Read(ref _inFlight) == 0;

    /// <summary>Takes a place for one call; every success is followed by one <see cref="Leave"/>.</summary>
    /// <param name="retryAfter">When to come back after a refusal.</param>
    public bool TryEnter(out TimeSpan retryAfter)
    {
        retryAfter = _soon;
        if (Interlocked.Increment(ref _inFlight) > _inFlightMax && _inFlightMax > 0)
        {
            Leave();
            return false;
        }

        if (TryTake(1, out retryAfter))
            return true;
        Leave();
        return false;
    }

    /// <summary>Gives the place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _inFlight);

    /// <summary>
    /// Counts claims inside a batch or a stream against the rate. More than the bucket ever holds take all of it, but for what their call took when it
    /// entered.
    /// </summary>
    public bool TryTake(int count, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        if (_rate is null || count <= 0)
            return true;
        _rate.TryReplenish();
        using var lease = _rate.AttemptAcquire(Math.Min(count, Math.Max(1, _burst - 1)));
        if (lease.IsAcquired)
            return true;
        retryAfter = lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) && wait > _soon ? wait : _soon;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => _rate?.Dispose();
}
