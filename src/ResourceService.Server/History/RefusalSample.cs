using ResourceService.Ledger;

namespace ResourceService.Server.History;

/// <summary>
/// Which refusals are kept, so that many of one kind do not crowd out the others. Refusals of one caller, reason and node are a group, with a share of what
/// is kept in all; in a group an instance is kept once in a while, for those who are refused ask again. What is left out is counted for its group.
/// Not for two threads at a time.
/// </summary>
internal sealed class RefusalSample
{
    private const int BurstOfAll = 200;
    private const int PerSecondOfAll = 20;
    private const int BurstOfGroup = 60;
    private const int PerSecondOfGroup = 1;

    // Some hundred bytes each. When there are more, all are forgotten: then more is kept for a moment, within the bound of all.
    private const int GroupsMax = 4_096;
    private const int InstancesMax = 8_192;

    private static readonly TimeSpan _betweenRepetitions = TimeSpan.FromMinutes(10);

    private readonly Dictionary<(string Actor, string Reason, string Node), Group> _groups = [];

    // When an instance of a group was last kept.
    private readonly Dictionary<(Group Group, string Instance), Instant> _instances = [];
    private readonly Allowance _all = new(BurstOfAll, PerSecondOfAll);

    /// <summary>Whether to keep a refusal.</summary>
    /// <param name="actor">Who asked.</param>
    /// <param name="reason">Why it was refused.</param>
    /// <param name="node">The first node that was named; empty when none was.</param>
    /// <param name="instance">The instance that got nothing.</param>
    /// <param name="now">The moment.</param>
    /// <param name="hasRoom">Whether there is room for it. Where there is none it is left out like others.</param>
    /// <param name="suppressed">How many of the group were left out since the last that was kept.</param>
    public bool Takes(string actor, string reason, string node, string instance, Instant now, bool hasRoom, out long suppressed)
    {
        var group = GroupOf((actor, reason, node));
        suppressed = 0;
        var isRepeated = _instances.TryGetValue((group, instance), out var kept) && now < kept.Add(_betweenRepetitions);
        if (!hasRoom || isRepeated || !group.Allowance.Has(now) || !_all.Has(now))
        {
            group.Suppressed++;
            return false;
        }

        group.Allowance.Take();
        _all.Take();
        (suppressed, group.Suppressed) = (group.Suppressed, 0);
        if (_instances.Count >= InstancesMax)
            _instances.Clear();
        _instances[(group, instance)] = now;
        return true;
    }

    private Group GroupOf((string Actor, string Reason, string Node) key)
    {
        if (_groups.TryGetValue(key, out var known))
            return known;
        if (_groups.Count >= GroupsMax)
        {
            _groups.Clear();
            _instances.Clear();
        }

        var group = new Group();
        _groups.Add(key, group);
        return group;
    }

    private sealed class Group
    {
        public Allowance Allowance { get; } = new(BurstOfGroup, PerSecondOfGroup);

        public long Suppressed { get; set; }
    }

    // So many at once, and then so many a second.
    private sealed class Allowance(int burst, int perSecond)
    {
        private double _left = burst;
        private Instant? _counted;

        public bool Has(Instant now)
        {
            if (_counted is { } counted)
                _left = Math.Min(burst, _left + (Math.Max(0, now.UnixMs - counted.UnixMs) / 1000.0 * perSecond));
            _counted = now;
            return _left >= 1;
        }

        public void Take() => _left--;
    }
}
