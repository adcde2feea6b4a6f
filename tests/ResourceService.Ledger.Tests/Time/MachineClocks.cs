using Microsoft.Extensions.Time.Testing;

namespace ResourceService.Ledger.Tests.Time;

/// <summary>A machine's two clocks: one counts, the other can be set. Timers go by the one that counts.</summary>
internal sealed class MachineClocks(DateTimeOffset start) : TimeProvider
{
    private static readonly TimeSpan _step = TimeSpan.FromMilliseconds(200);

    private readonly FakeTimeProvider _counting = new(DateTimeOffset.UnixEpoch.AddYears(30));
    private TimeSpan _wallAhead = start - DateTimeOffset.UnixEpoch.AddYears(30);

    public override long TimestampFrequency => _counting.TimestampFrequency;

    public override DateTimeOffset GetUtcNow()
    {
        var ticks = _counting.GetUtcNow().Ticks + _wallAhead.Ticks;
        return new DateTimeOffset(Math.Clamp(ticks, DateTimeOffset.MinValue.Ticks, DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero);
    }

    public override long GetTimestamp() => _counting.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        CheckSpan(dueTime);
        return new StrictTimer(_counting.CreateTimer(callback, state, dueTime, period));
    }

    /// <summary>Time passes, in steps: all timers that are due in one step see its end.</summary>
    public void Advance(TimeSpan span)
    {
        for (var left = span; left > TimeSpan.Zero; left -= _step)
            _counting.Advance(left < _step ? left : _step);
    }

    /// <summary>Somebody sets the system's clock.</summary>
    public void SetBy(TimeSpan span) => _wallAhead += span;

    // As the system's timers do.
    private static void CheckSpan(TimeSpan span) => ArgumentOutOfRangeException.ThrowIfGreaterThan(span, TimeSpan.FromMilliseconds(uint.MaxValue - 1));

    private sealed class StrictTimer(ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            CheckSpan(dueTime);
            return timer.Change(dueTime, period);
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
