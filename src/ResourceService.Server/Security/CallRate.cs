namespace ResourceService.Server.Security;

/// <summary>
/// How often one caller may ask: the generic cell rate algorithm (ITU-T I.371). All of its state is the time at which everything that was taken is
/// paid for. Unlike the buckets of <c>System.Threading.RateLimiting</c> it can be in debt, so that a batch larger than any burst is admitted and costs
/// what it holds. Safe for any thread.
/// </summary>
/// <param name="perSecond">What may be taken per second on average.</param>
/// <param name="burst">What may be taken at once after a quiet time.</param>
/// <param name="time">The clock.</param>
internal sealed class CallRate(int perSecond, int burst, TimeProvider time)
{
    private readonly double _ticksEach = (double)time.TimestampFrequency / perSecond;
    private long _paidAt = long.MinValue;

    /// <summary>Whether everything that was taken is paid for.</summary>
    public bool IsAtRest => Volatile.Read(ref _paidAt) <= time.GetTimestamp();

    /// <summary>What may be taken at once after a quiet time.</summary>
    public int Burst => burst;

    /// <summary>How much of what was taken is not paid for.</summary>
    public int Owed => (int)Math.Min(int.MaxValue, Math.Max(0, Volatile.Read(ref _paidAt) - (double)time.GetTimestamp()) / _ticksEach);

    /// <summary>Gives back what was taken, as far as it is not paid for.</summary>
    public void GiveBack(int count)
    {
        // Most that use this never take any: for them it costs no look at the clock.
        if (Volatile.Read(ref _paidAt) != long.MinValue && !IsAtRest)
            Interlocked.Add(ref _paidAt, -(long)(count * _ticksEach));
    }

    /// <summary>Takes all of it or nothing.</summary>
    /// <param name="count">How much.</param>
    /// <param name="atOnce">How much of it must be there; the rest may be paid for later. Not more than a burst.</param>
    /// <param name="wait">After a refusal: when it will be there.</param>
    public bool TryTake(int count, int atOnce, out TimeSpan wait)
    {
        while (true)
        {
            var now = time.GetTimestamp();
            var seen = Volatile.Read(ref _paidAt);
            var from = Math.Max(seen, now);
            var early = from - now - (long)((burst - atOnce) * _ticksEach);
            if (early > 0)
            {
                wait = time.GetElapsedTime(0, early);
                return false;
            }

            if (Interlocked.CompareExchange(ref _paidAt, from + (long)(count * _ticksEach), seen) == seen)
            {
                wait = TimeSpan.Zero;
                return true;
            }
        }
    }
}
