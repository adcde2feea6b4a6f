using System.Diagnostics.Metrics;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Telemetry;

/// <summary>Sums over all nodes, as gauges show them.</summary>
internal sealed class FleetTotals(ClassLabels classes)
{
    private static readonly NodeState[] _states = [.. Enum.GetValues<NodeState>().Where(state => state != NodeState.Absent)];

    private readonly long[] _capacity = new long[ClassLabels.CountMax];
    private readonly long[] _used = new long[ClassLabels.CountMax];
    private readonly long[] _largest = new long[ClassLabels.CountMax];
    private readonly long[] _nodes = new long[_states.Max(state => (int)state) + 1];
    private long _live;
    private long _held;
    private long _observed;
    private Instant? _oldestHeld;

    /// <summary>Changes that wait for a decision.</summary>
    public long QueueDepth { get; private set; }

    /// <summary>Changes that wait on the node with the longest queue.</summary>
    public long QueueLongest { get; private set; }

    /// <summary>When the held claim was made that is held for longest; null while none is.</summary>
    public Instant? OldestHeld => _oldestHeld;

    /// <summary>Adds a registered node.</summary>
    public void Add(NodeView node, ClaimCounts claims)
    {
        _nodes[(int)node.State]++;
        _live += node.Claims.Count;
        _held += claims.Held;
        _observed += claims.Observed;
        if (claims.OldestHeld is { } oldest && !(_oldestHeld <= oldest))
            _oldestHeld = oldest;
        var inventories = node.Spec.Inventories;
        for (var i = 0; i < inventories.Count; i++)
        {
            var place = classes.PlaceOf(inventories.Classes[i]);
            _capacity[place] = AddUpTo(_capacity[place], inventories[i].Capacity);
            _used[place] = AddUpTo(_used[place], node.Used[i]);
            if (node.State == NodeState.Enabled)
                _largest[place] = Math.Max(_largest[place], inventories[i].LargestUnit(inventories[i].Capacity - node.Used[i]));
        }
    }

    /// <summary>Adds a node's queue.</summary>
    public void AddQueue(int depth)
    {
        QueueDepth += depth;
        QueueLongest = Math.Max(QueueLongest, depth);
    }

    /// <summary>Nodes by state.</summary>
    public IEnumerable<Measurement<long>> Nodes() => _states.Select(state => Labelled(_nodes[(int)state], "state", MetricLabels.Of(state)));

    /// <summary>Claims that hold resources, by state; observed ones, which are active as well, apart from the others.</summary>
    public IEnumerable<Measurement<long>> LiveClaims() =>
    [
        Labelled(_held, "state", MetricLabels.Of(ClaimState.Held)),
        Labelled(_live - _held - _observed, "state", MetricLabels.Of(ClaimState.Active)),
        Labelled(_observed, "state", MetricLabels.Observed),
    ];

    /// <summary>What can be promised, by class.</summary>
    public IEnumerable<Measurement<long>> Capacity() => ByClass(_capacity);

    /// <summary>What is held, by class.</summary>
    public IEnumerable<Measurement<long>> Used() => ByClass(_used);

    /// <summary>The most that one claim would get on one node that takes claims, by class and by amounts alone.</summary>
    public IEnumerable<Measurement<long>> LargestRequest() => ByClass(_largest);

    private IEnumerable<Measurement<long>> ByClass(long[] sums) =>
        classes.Labels.Select((label, place) => Labelled(sums[place], "class", label));

    private static Measurement<long> Labelled(long value, string label, string labelValue) =>
        new(value, new KeyValuePair<string, object?>(label, labelValue));

    // One node may promise nearly as much as a number holds; a picture for people stays at the most rather than failing.
    private static long AddUpTo(long sum, long amount) => sum > long.MaxValue - amount ? long.MaxValue : sum + amount;
}
