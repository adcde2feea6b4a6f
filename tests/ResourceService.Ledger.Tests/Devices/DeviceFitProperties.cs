using CsCheck;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Devices;

/// <summary>
/// Random hosts, claims and reports, one life for each seed. A failure names the seed it was made from; <c>CsCheck_Seed=SEED</c> replays the search
/// that found it.
/// </summary>
public class DeviceFitProperties
{
    private const int LifeCount = 1_000;
    private const int StepCount = 8;

    private static readonly Gen<int> _seeds = Gen.Int[0, int.MaxValue];

    [Fact]
    public void Fit_gives_what_the_reference_gives_and_matches_the_rest()
    {
        var (accepted, matched, refused, blocked) = (0, 0, 0, 0);
        _seeds.Sample(
            seed =>
            {
                var life = new DeviceLife(seed);
                for (var i = 0; i < StepCount; i++)
                {
                    var given = life.ClaimCompared();
                    Interlocked.Increment(ref given ? ref accepted : ref refused);
                    Interlocked.Add(ref matched, life.TakeMatched());
                    Interlocked.Add(ref blocked, life.CompareStates());
                    life.ReleaseOrReport();
                    life.CompareStates();
                }
            },
            iter: LifeCount);

        // Were there hardly any of one kind, the property would say little.
        var counts = $"{accepted} {matched} {refused} {blocked}";
        TestContext.Current.TestOutputHelper?.WriteLine(counts);
        Assert.True(accepted > LifeCount && matched > LifeCount / 100 && refused > LifeCount && blocked > LifeCount, counts);
    }

    [Fact]
    public void Single_request_without_cells_is_met_when_any_set_of_devices_will_do() => _seeds.Sample(
        seed =>
        {
            var random = new RandomDevices(seed);
            var (node, request) = (random.Node(), random.Requests()[0]);
            var expected = new DeviceReference(node, [], []).AnySetWillDo(request);
            Assert.Equal(expected, DeviceFit.TryAssign(node, DeviceUsage.None(node.Devices), [request], [], out _));
        },
        iter: LifeCount);

    [Fact]
    public void Something_is_explained_exactly_when_the_devices_refuse() => _seeds.Sample(
        seed =>
        {
            var random = new RandomDevices(seed);
            var (node, requests, cells) = (random.Node(), random.Requests(), random.HostCells());
            var usage = DeviceUsage.None(node.Devices);
            var refused = new List<RefusedDimension>();
            DeviceFit.Explain(node, usage, requests, cells, refused);
            Assert.Equal(DeviceFit.Supports(node, usage, requests, cells), refused.Count == 0);
            Assert.All(refused, dimension => Assert.InRange(dimension.Available, 0, Math.Min(dimension.Requested - 1, dimension.Capacity)));
        },
        iter: LifeCount);

    /// <summary>One host with its claims, beside the reference.</summary>
    private sealed class DeviceLife
    {
        private readonly RandomDevices _random;
        private readonly SortedDictionary<long, ValueList<AssignedDevice>> _claims = [];
        private NodeSpec _node;
        private DeviceUsage _usage;
        private long _lastSequence;
        private int _matched;

        public DeviceLife(int seed)
        {
            _random = new RandomDevices(seed);
            _node = _random.Node();
            _usage = DeviceUsage.None(_node.Devices);
        }

        public bool ClaimCompared()
        {
            var (requests, cells) = (_random.Requests(), _random.HostCells());
            var reference = Reference(cells);
            var isGiven = DeviceFit.TryAssign(_node, _usage, requests, cells, out var devices);
            var inOrder = reference.Give(requests);
            if (inOrder is not null)
                Assert.Equal(inOrder, isGiven ? devices : null);
            else
                Assert.Equal(reference.AnyAssignmentWillDo(requests), isGiven);
            _matched += isGiven && inOrder is null ? 1 : 0;
            Assert.Equal(isGiven, DeviceFit.Supports(_node, _usage, requests, cells));
            if (!isGiven)
                return false;

            Assert.Empty(reference.Faults(requests, devices));
            var after = _usage.With(devices, ++_lastSequence);
            Assert.Equal(States(_usage), States(after.Without(devices, _lastSequence)));
            Assert.Equal(CountFree(_usage), CountFree(after.Without(devices, _lastSequence)));
            _usage = after;
            _claims.Add(_lastSequence, devices);
            return true;
        }

        /// <summary>How many claims were given devices since the last time that Nova's order would not have found.</summary>
        public int TakeMatched() => Interlocked.Exchange(ref _matched, 0);

        public void ReleaseOrReport()
        {
            if (_random.Pick(3) == 0 && _claims.Count > 0)
            {
                var (claim, devices) = _claims.ElementAt(_random.Pick(_claims.Count));
                _claims.Remove(claim);
                _usage = _usage.Without(devices, claim);
            }
            else if (_random.Pick(6) == 0)
            {
                _node = _random.Reported(_node);
                _usage = DeviceUsage.Of(_node.Devices, Claims());
            }
        }

        /// <summary>How many devices are blocked, after each state was compared.</summary>
        public int CompareStates()
        {
            var reference = Reference([]);
            Assert.Equal(_node.Devices.Select(reference.StatusOf), States(_usage));
            Assert.Equal(States(DeviceUsage.Of(_node.Devices, Claims())), States(_usage));
            var free = _node.Devices.Where(device => reference.StatusOf(device) == DeviceStatus.Free).ToList();
            Assert.Equal(_node.Numa!.Cells.Select(cell => free.Count(device => device.NumaCell == cell.CellId)), CountFree(_usage));
            var gone = Claims().SelectMany(claim => claim.Assignment.Devices).Where(device => !_node.Devices.Any(other => other.Address == device.Address));
            Assert.Equal(gone, Claims().SelectMany(_usage.MissingOf));
            return States(_usage).Count(state => state == DeviceStatus.Blocked);
        }

        private DeviceReference Reference(int[] cells) => new(_node, _claims.Values.SelectMany(devices => devices), cells);

        private IEnumerable<Claim> Claims() => _claims.Select(pair =>
            Sample.HeldClaim(new ClaimId(1, pair.Key), Sample.Instance("any"), ResourceAmounts.Empty) with { Assignment = new Assignment([], pair.Value) });

        private IEnumerable<DeviceStatus> States(DeviceUsage usage) => Enumerable.Range(0, _node.Devices.Count).Select(usage.StatusOf);

        private int[] CountFree(DeviceUsage usage)
        {
            var counts = new int[_node.Numa!.Cells.Count];
            DeviceFit.CountFreeByCell(_node, usage, counts);
            return counts;
        }
    }
}
