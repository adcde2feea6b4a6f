using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

/// <summary>The columns of a group. A group that grows gets new ones.</summary>
internal sealed class GroupColumns
{
    /// <summary>Columns are as long as a multiple of this, so that the last slots are read like the others.</summary>
    public const int SlotsMultiple = 4;

    public GroupColumns(int classes, int slots)
    {
        Nodes = new NodeView?[slots];
        NodeKeys = new int[slots];
        LabelMarks = new ulong[slots];
        Classes = new ClassColumns[classes];
        for (var i = 0; i < classes; i++)
            Classes[i] = new ClassColumns(new long[slots], new long[slots], new long[slots], new double[slots]);
    }

    /// <summary>The pictures that the slots show; null where no node is.</summary>
    public NodeView?[] Nodes { get; }

    /// <summary>Their numbers.</summary>
    public int[] NodeKeys { get; }

    /// <summary>The marks of each node's labels: see <see cref="Candidates.LabelMarks"/>.</summary>
    public ulong[] LabelMarks { get; }

    /// <summary>In the order of the kind's classes.</summary>
    public ClassColumns[] Classes { get; }

    /// <summary>Writes all of a node.</summary>
    public void Write(int slot, NodeView node)
    {
        NodeKeys[slot] = node.NodeKey;
        LabelMarks[slot] = Candidates.LabelMarks.Of(node.Spec.Labels);
        for (var i = 0; i < Classes.Length; i++)
        {
            var inventory = node.Spec.Inventories[i];
            var capacity = inventory.Capacity;
            Classes[i].Capacity[slot] = capacity;
            Classes[i].UnitShare[slot] = CandidateRank.UnitShare(capacity);
            Classes[i].MaxUnit[slot] = inventory.MaxUnit;
        }

        WriteUsage(slot, node);
    }

    /// <summary>Writes what is free of a node whose inventories are as they were.</summary>
    public void WriteUsage(int slot, NodeView node)
    {
        for (var i = 0; i < Classes.Length; i++)
            Classes[i].Free[slot] = Classes[i].Capacity[slot] - node.Used[i];
        Volatile.Write(ref Nodes[slot], node);
    }

    /// <summary>A longer copy.</summary>
    public GroupColumns Grown(int slots)
    {
        var grown = new GroupColumns(Classes.Length, slots);
        Nodes.CopyTo(grown.Nodes, 0);
        NodeKeys.CopyTo(grown.NodeKeys, 0);
        LabelMarks.CopyTo(grown.LabelMarks, 0);
        for (var i = 0; i < Classes.Length; i++)
        {
            Classes[i].Free.CopyTo(grown.Classes[i].Free, 0);
            Classes[i].MaxUnit.CopyTo(grown.Classes[i].MaxUnit, 0);
            Classes[i].Capacity.CopyTo(grown.Classes[i].Capacity, 0);
            Classes[i].UnitShare.CopyTo(grown.Classes[i].UnitShare, 0);
        }

        return grown;
    }
}

/// <summary>The columns of one class.</summary>
/// <param name="Free">What can still be promised; negative while an overage lasts.</param>
/// <param name="MaxUnit">The most of one claim.</param>
/// <param name="Capacity">What can be promised in all.</param>
/// <param name="UnitShare">What one unit is of the capacity.</param>
internal sealed record ClassColumns(long[] Free, long[] MaxUnit, long[] Capacity, double[] UnitShare);
