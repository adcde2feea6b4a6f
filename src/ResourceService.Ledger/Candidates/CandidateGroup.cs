using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

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
