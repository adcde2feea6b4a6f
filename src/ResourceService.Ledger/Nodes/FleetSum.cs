namespace ResourceService.Ledger.Nodes;

/// <summary>Sums over nodes: what they have and use, by class and by state. Sums that pass the largest number stay at it rather than failing.</summary>
public sealed class FleetSum
{
    private readonly Dictionary<ResourceClass, ClassSum> _classes = [];
    private readonly int[] _byState = new int[Enum.GetValues<NodeState>().Length];

    // The sums of the classes at each place of the node before: nodes mostly have the same classes, which need not be looked up then.
    private ClassSum?[] _before = [];

    /// <summary>How many nodes.</summary>
    public int NodeCount { get; private set; }

    /// <summary>How many moves go to the nodes.</summary>
    public long MigrationCount { get; private set; }

    /// <summary>Each class that a node has.</summary>
    public IReadOnlyCollection<ClassSum> Classes => _classes.Values;

    /// <summary>How many nodes are in a state.</summary>
    public int NodesIn(NodeState state) => _byState[(int)state];

    /// <summary>Adds a registered node.</summary>
    public void Add(NodeView node)
    {
        NodeCount++;
        _byState[(int)node.State]++;
        MigrationCount += node.Migrations.Count;
        var inventories = node.Spec.Inventories;
        if (_before.Length < inventories.Count)
            Array.Resize(ref _before, inventories.Count);
        for (var i = 0; i < inventories.Count; i++)
        {
            ref var sum = ref _before[i];
            if (sum is null || sum.Class != inventories.Classes[i])
                sum = Of(inventories.Classes[i]);
            sum.Add(inventories[i], node.Used[i], node.State == NodeState.Enabled);
        }
    }

    private ClassSum Of(ResourceClass resourceClass)
    {
        if (!_classes.TryGetValue(resourceClass, out var sum))
            _classes.Add(resourceClass, sum = new ClassSum(resourceClass));
        return sum;
    }
}

/// <summary>What nodes have and use of one class.</summary>
public sealed class ClassSum(ResourceClass resourceClass)
{
    /// <summary>The class.</summary>
    public ResourceClass Class => resourceClass;

    /// <summary>What can be promised.</summary>
    public long Capacity { get; private set; }

    /// <summary>What is held.</summary>
    public long Used { get; private set; }

    /// <summary>What is free: of nodes over capacity nothing.</summary>
    public long Free { get; private set; }

    /// <summary>How many nodes have the class.</summary>
    public int NodeCount { get; private set; }

    /// <summary>On how many of them nothing is free.</summary>
    public int FullNodeCount { get; private set; }

    /// <summary>On how many of them more is held than can be promised.</summary>
    public int OverCapacityNodeCount { get; private set; }

    /// <summary>The largest amount that a claim would get on a node that takes claims; 0 when there is none.</summary>
    public long LargestFit { get; private set; }

    internal void Add(Inventory inventory, long used, bool takesClaims)
    {
        var capacity = inventory.Capacity;
        var free = capacity - used;
        Capacity = AddUpTo(Capacity, capacity);
        Used = AddUpTo(Used, used);
        Free = AddUpTo(Free, Math.Max(0, free));
        NodeCount++;
        if (free <= 0)
            FullNodeCount++;
        if (free < 0)
            OverCapacityNodeCount++;
        if (takesClaims && Math.Min(free, inventory.MaxUnit) > LargestFit)
            LargestFit = Math.Max(LargestFit, inventory.LargestUnit(free));
    }

    private static long AddUpTo(long sum, long amount) => sum > long.MaxValue - amount ? long.MaxValue : sum + amount;
}
