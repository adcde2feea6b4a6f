using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

/// <summary>What nodes of one group have in common: all that decides a request before amounts are compared.</summary>
/// <param name="Traits">What they can do.</param>
/// <param name="Units">What they have, and in which units it is given.</param>
internal sealed record CandidateKind(ValueList<string> Traits, ValueList<ClassUnits> Units)
{
    /// <summary>The kind of a node.</summary>
    public static CandidateKind Of(NodeSpec node)
    {
        var units = new ClassUnits[node.Inventories.Count];
        for (var i = 0; i < units.Length; i++)
            units[i] = new ClassUnits(node.Inventories.Classes[i], node.Inventories[i].MinUnit, node.Inventories[i].StepSize);
        return new CandidateKind(node.Traits, ValueList.Create<ClassUnits>(units));
    }

    /// <summary>The class's place among the columns of the group; -1 when the nodes have none of it.</summary>
    public int IndexOf(ResourceClass resourceClass)
    {
        for (var i = 0; i < Units.Count; i++)
        {
            if (Units[i].Class == resourceClass)
                return i;
        }

        return -1;
    }
}

/// <summary>In which units a class is given. The largest unit is not among them: it mostly is the node's total, and differs from node to node.</summary>
internal readonly record struct ClassUnits(ResourceClass Class, long MinUnit, long StepSize);

/// <summary>
/// Nodes of one kind as columns, so that a search compares amounts of many nodes at a time. The nodes are at the slots from 0 to
/// <see cref="Count"/>, in no order. Written by one thread at a time; read at any time: see <see cref="CandidateIndex"/>.
/// </summary>
internal sealed class CandidateGroup(CandidateKind kind)
{
    private const int InitialCapacity = GroupColumns.SlotsMultiple;

    private GroupColumns _columns = new(kind.Units.Count, InitialCapacity);
    private int _count;

    public CandidateKind Kind { get; } = kind;

    /// <summary>How many nodes there are. Read before <see cref="Columns"/>, which then are long enough.</summary>
    public int Count => Volatile.Read(ref _count);

    public GroupColumns Columns => Volatile.Read(ref _columns);

    /// <summary>Adds a node and gives its slot.</summary>
    public int Add(NodeView node)
    {
        var slot = _count;
        if (slot == _columns.Nodes.Length)
            Volatile.Write(ref _columns, _columns.Grown(2 * slot));
        _columns.Write(slot, node);
        Volatile.Write(ref _count, slot + 1);
        return slot;
    }

    /// <summary>Empties a slot. The last node takes it: that node is given, or null when the slot was the last.</summary>
    public NodeView? Remove(int slot)
    {
        var last = _count - 1;
        var moved = slot == last ? null : _columns.Nodes[last];
        if (moved is not null)
            _columns.Write(slot, moved);
        _columns.Nodes[last] = null;
        Volatile.Write(ref _count, last);
        return moved;
    }
}

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

/// <summary>
/// Labels as a few bits of a word, so that most nodes without a label are passed over unread: a node that carries the labels has all their
/// bits; one that has all bits may still lack them.
/// </summary>
internal static class LabelMarks
{
    public static ulong Of(ValueList<KeyValuePair<string, string>> labels)
    {
        var marks = 0UL;
        foreach (ref readonly var label in labels.Span)
        {
            var hash = HashCode.Combine(label.Key, label.Value);
            marks |= (1UL << hash) | (1UL << (hash >> 6));
        }

        return marks;
    }
}
