using CsCheck;
using ResourceService.Server.Nodes;
using Xunit;

namespace ResourceService.Ledger.Tests.Time;

/// <summary>The ledger's clock beside a system's clock that is set, drifts, and is corrected.</summary>
public class LedgerClockTests
{
    private static readonly DateTimeOffset _start = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_starts_with_the_systems_time_and_counts_on()
    {
        var machine = new MachineClocks(_start);
        using var clock = new LedgerClock(machine, (_, _) => Assert.Fail("nobody set the clock"));

        machine.Advance(TimeSpan.FromHours(5));

        Assert.Equal(_start.AddHours(5), clock.GetUtcNow());
        Assert.Equal(_start.AddHours(5).ToUnixTimeMilliseconds(), clock.Now.UnixMs);
    }

    [Theory]
    [InlineData(60 * 86_400)]
    [InlineData(3_600)]
    [InlineData(-3_600)]
    [InlineData(-40 * 86_400)]
    public void A_jump_of_the_systems_clock_is_told_once_and_hardly_followed(int seconds)
    {
        var machine = new MachineClocks(_start);
        var jumps = new List<(double Jump, double Difference)>();
        using var clock = new LedgerClock(machine, (jump, difference) => jumps.Add((jump.TotalSeconds, difference.TotalSeconds)));
        machine.Advance(TimeSpan.FromSeconds(10));

        machine.SetBy(TimeSpan.FromSeconds(seconds));
        machine.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal([((double)seconds, (double)seconds)], jumps);
        Assert.InRange((clock.GetUtcNow() - _start.AddSeconds(610)).Duration().TotalSeconds, 0, 600 * LedgerClock.FollowedPerSecond);
    }

    [Theory]
    [InlineData(120)]
    [InlineData(-120)]
    public void A_small_correction_is_followed_slowly_and_in_silence(int milliseconds)
    {
        var machine = new MachineClocks(_start);
        using var clock = new LedgerClock(machine, (_, _) => Assert.Fail("that is no jump"));

        machine.SetBy(TimeSpan.FromMilliseconds(milliseconds));
        machine.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(Math.Abs((machine.GetUtcNow() - clock.GetUtcNow()).TotalMilliseconds), 119, 120.001);

        machine.Advance(TimeSpan.FromMinutes(5));
        Assert.InRange(Math.Abs((machine.GetUtcNow() - clock.GetUtcNow()).TotalMilliseconds), 0, 0.01);
    }

    [Fact]
    public void It_never_goes_back_and_never_counts_wrong_by_more_than_it_may()
    {
        // Steps of some milliseconds to some hours, and the clock is set either way between them.
        var steps = Gen.Select(Gen.Int[0, 5_000], Gen.OneOf(Gen.Const(0L), Gen.Long[-2_000, 2_000], Gen.Long[-9_000_000_000_000, 9_000_000_000_000])).Array[1, 200];
        steps.Sample(
            all =>
            {
                var machine = new MachineClocks(_start);
                using var clock = new LedgerClock(machine, (_, _) => { });
                var (counted, last) = (0L, clock.GetUtcNow());
                foreach (var (passed, set) in all)
                {
                    machine.SetBy(TimeSpan.FromMilliseconds(set));
                    machine.Advance(TimeSpan.FromMilliseconds(passed));
                    counted += passed;
                    var now = clock.GetUtcNow();
                    if (now < last || Math.Abs((now - _start).TotalMilliseconds - counted) > (counted * LedgerClock.FollowedPerSecond) + 0.1)
                        return false;
                    last = now;
                }

                return true;
            },
            iter: 15);
    }
}
