using CsCheck;
using ResourceService.Server.Nodes;
using Xunit;

namespace ResourceService.Ledger.Tests.Time;

/// <summary>Who is woken when, whatever moments a ledger holds and whatever becomes of the system's clock.</summary>
public sealed class LeaseClockTests : IDisposable
{
    private readonly MachineClocks _machine = new(new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero));
    private readonly LedgerClock _clock;
    private readonly LeaseClock _leases;
    private readonly List<Exception> _errors = [];

    public LeaseClockTests()
    {
        _clock = new LedgerClock(_machine, (_, _) => { });
        _leases = new LeaseClock(_clock, Run);
    }

    public void Dispose()
    {
        _leases.Dispose();
        _clock.Dispose();
    }

    [Fact]
    public void A_lease_that_ends_in_two_months_is_waited_for()
    {
        var late = new Sleeper(this, TimeSpan.FromDays(60));
        var soon = new Sleeper(this, TimeSpan.FromMinutes(61));

        _machine.Advance(TimeSpan.FromHours(2));

        Assert.Empty(_errors);
        Assert.Null(late.Woken);
        Assert.InRange(soon.Woken!.Value.UnixMs - soon.Due.UnixMs, 0, 200);
    }

    [Fact]
    public void Leases_end_within_a_second_of_their_time_whatever_is_asked_and_however_the_clock_is_set()
    {
        // From the year 1 to 9999, most of them soon; and jumps of up to ten years.
        var span = Gen.OneOf(Gen.Long[-1_000, 3_600_000], Gen.Long[-63_000_000_000_000, 250_000_000_000_000]);
        var jumps = Gen.Long[-300_000_000_000, 300_000_000_000].Array[0, 5];
        Gen.Select(span.Array[1, 30], jumps).Sample(
            (spans, sets) =>
            {
                using var one = new LeaseClockTests();
                var nodes = spans.Select(ms => new Sleeper(one, TimeSpan.FromMilliseconds(ms))).ToList();
                for (var second = 0; second < 3_700; second += 5)
                {
                    if (second / 600 < sets.Length && second % 600 == 300)
                        one._machine.SetBy(TimeSpan.FromMilliseconds(sets[second / 600]));
                    one._machine.Advance(TimeSpan.FromSeconds(5));
                }

                var now = one._clock.Now;
                return one._errors.Count == 0
                    && nodes.TrueForAll(node => node.Woken is { } woken ? woken >= node.Due && woken <= node.Latest : node.Due > now.Add(-TimeSpan.FromSeconds(1)));
            },
            iter: 8);
    }

    [Fact]
    public void An_error_of_one_node_keeps_no_lease_of_another_from_ending()
    {
        _leases.WakeAt(new Broken(), _clock.Now.Add(TimeSpan.FromSeconds(1)));
        var other = new Sleeper(this, TimeSpan.FromSeconds(1));
        var later = new Sleeper(this, TimeSpan.FromSeconds(2));

        _machine.Advance(TimeSpan.FromSeconds(3));

        Assert.IsType<InvalidOperationException>(Assert.Single(_errors));
        Assert.NotNull(other.Woken);
        Assert.NotNull(later.Woken);
    }

    private bool Run(BackgroundTask task, Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (Exception error)
        {
            _errors.Add(error);
            return false;
        }
    }

    private sealed class Sleeper : ILeaseHolder
    {
        private readonly LeaseClockTests _test;

        public Sleeper(LeaseClockTests test, TimeSpan span)
        {
            _test = test;
            Asked = test._clock.Now;
            Due = Asked.Add(span);
            test._leases.WakeAt(this, Due);
        }

        public Instant Due { get; }

        public Instant Latest => (Due < Asked ? Asked : Due).Add(TimeSpan.FromSeconds(1));

        public Instant? Woken { get; private set; }

        private Instant Asked { get; }

        public void ExpireLeases(Instant moment) => Woken = _test._clock.Now;
    }

    private sealed class Broken : ILeaseHolder
    {
        public void ExpireLeases(Instant moment) => throw new InvalidOperationException("a defect");
    }
}
