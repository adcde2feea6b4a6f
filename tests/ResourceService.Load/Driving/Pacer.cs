using System.Diagnostics;

namespace ResourceService.Load.Driving;

/// <summary>
/// Spreads requests evenly over time, or lets them go at once when no rate is given. A request that could not go when it was due, because all loops
/// were waiting for the server, counts as sent when it was due: otherwise a slow server would slow down its own measurement and look fast.
/// </summary>
internal sealed class Pacer(double? rate)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly double _ticksBetween = rate is null ? 0 : Stopwatch.Frequency / rate.Value;
    private long _issued;

    /// <summary>Waits until the next request is due and returns the time from which its latency counts.</summary>
    public async ValueTask<long> NextAsync()
    {
        var now = Stopwatch.GetTimestamp();
        if (_ticksBetween == 0)
        {
            return now;
        }
        var due = _start + (long)((Interlocked.Increment(ref _issued) - 1) * _ticksBetween);
        if (due <= now)
        {
            return due;
        }
        await DriveWindow.WaitUntilAsync(due, CancellationToken.None);
        // The timer is late by up to a millisecond; that is no latency of the server.
        return Stopwatch.GetTimestamp();
    }
}
