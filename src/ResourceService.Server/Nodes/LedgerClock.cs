using ResourceService.Ledger;

namespace ResourceService.Server.Nodes;

/// <summary>
/// The only clock of the ledger. It begins with the system's time and goes on by what the machine counts (the monotonic clock), so setting the
/// system's clock ends no lease and makes no history old. Small corrections of the system's clock are followed slowly, as NTP does it: the difference is
/// made up for by at most 0.5 ms in a second. So it never goes back, and a span of ten minutes is never wrong by more than 0.3 s. A larger difference is
/// followed at the same speed, which means hardly: only the next start takes the system's time as it is then. While the machine is suspended it
/// stands, as the monotonic clock does.
/// </summary>
internal sealed class LedgerClock : TimeProvider, IDisposable
{
    /// <summary>How much of a difference is made up for in a second, in seconds: what NTP allows itself.</summary>
    public const double FollowedPerSecond = 0.0005;

    /// <summary>How often the system's clock is looked at.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>What a change of the difference must be at least to be one that somebody made.</summary>
    public static readonly TimeSpan JumpMin = TimeSpan.FromSeconds(1);

    // Between reading both clocks a thread may be put aside; such a look says nothing.
    private static readonly TimeSpan _lookMax = TimeSpan.FromMilliseconds(10);

    // A new course begins a little later than it is made: whoever still reads the one before reads the same times.
    private static readonly TimeSpan _lead = TimeSpan.FromMilliseconds(50);

    private readonly TimeProvider _system;
    private readonly Action<TimeSpan, TimeSpan> _onJump;
    private readonly ITimer _timer;
    private volatile Course _course;
    private TimeSpan _difference;

    /// <summary>Begins with the system's time.</summary>
    /// <param name="system">The machine's clocks.</param>
    /// <param name="onJump">Hears once of each jump of the system's clock: by how much, and how far it is ahead of this one then.</param>
    public LedgerClock(TimeProvider system, Action<TimeSpan, TimeSpan> onJump)
    {
        _system = system;
        _onJump = onJump;
        _course = new Course(system.GetTimestamp(), system.GetUtcNow().Ticks, 1, 1, system.TimestampFrequency);
        _timer = system.CreateTimer(_ => Follow(), null, Period, Period);
    }

    /// <summary>The moment now.</summary>
    public Instant Now => new(GetUtcNow().ToUnixTimeMilliseconds());

    /// <inheritdoc/>
    public override long TimestampFrequency => _system.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        while (true)
        {
            var course = _course;
            var timestamp = _system.GetTimestamp();
            // Still the newest after the machine's count was read: that count lies before the next course begins, where both agree.
            if (ReferenceEquals(course, _course))
                return new DateTimeOffset(course.TicksAt(timestamp), TimeSpan.Zero);
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => _system.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _system.CreateTimer(callback, state, dueTime, period);

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    // One thread at a time: the timer's ticks are far apart, and one that comes while the new course has not begun yet is passed over.
    private void Follow()
    {
        var before = _system.GetTimestamp();
        var wall = _system.GetUtcNow();
        var after = _system.GetTimestamp();
        var course = _course;
        if (_system.GetElapsedTime(before, after) > _lookMax || after < course.Begin)
            return;

        var difference = TimeSpan.FromTicks(wall.Ticks - course.TicksAt(after));
        var jump = difference - _difference;
        _difference = difference;
        var begin = after + (long)(_lead.TotalSeconds * TimestampFrequency);
        var rate = 1 + Math.Clamp(difference / Period, -FollowedPerSecond, FollowedPerSecond);
        _course = new Course(begin, course.TicksAt(begin), course.Rate, rate, TimestampFrequency);
        if (jump.Duration() >= JumpMin)
            _onJump(jump, difference);
    }

    /// <summary>How the clock goes: at one rate before a moment, at another from then on.</summary>
    private sealed class Course(long begin, long ticks, double rateBefore, double rate, long frequency)
    {
        public long Begin => begin;

        public double Rate => rate;

        public long TicksAt(long timestamp)
        {
            var counted = timestamp - begin;
            var at = ticks + (long)(counted * (counted < 0 ? rateBefore : rate) * TimeSpan.TicksPerSecond / frequency);
            return Math.Clamp(at, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks);
        }
    }
}
