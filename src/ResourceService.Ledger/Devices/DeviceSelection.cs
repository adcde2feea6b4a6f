using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Devices;

/// <summary>
/// Which groups of devices a request may draw from, and in which turn: those that its descriptions match, near enough by its NUMA policy, without the
/// types that must be asked for by name.
/// </summary>
internal ref struct DeviceSelection(
    NodeSpec node, DevicePools pools, ReadOnlySpan<int> hostCells, ReadOnlySpan<int> freeOfGroup, Span<int> turns)
{
    public const int FirstTurn = NearTurn;
    public const int LastTurn = FarTurn + 1;

    // A function's turn is one later where the request would take its children as well.
    private const int NotSelected = 0;
    private const int NearTurn = 1;
    private const int FarTurn = 3;

    private readonly NodeSpec _node = node;
    private readonly DevicePools _pools = pools;
    private readonly ReadOnlySpan<int> _hostCells = hostCells;
    private readonly ReadOnlySpan<int> _freeOfGroup = freeOfGroup;
    private readonly Span<int> _turns = turns;

    /// <summary>Whether both a function and others are selected: then drawing one can block another.</summary>
    public bool IsMixed { get; private set; }

    public readonly int TurnOf(int group) => _turns[group];

    /// <summary>How many of the devices selected are free.</summary>
    public readonly int CountFree() => Count(_freeOfGroup);

    /// <summary>How many devices are selected, free or not.</summary>
    public readonly int CountAll() => Count(_pools.GroupSizes);

    /// <summary>
    /// Selects for a request; why it cannot be met, by counts. The filters stand in Nova's order. It matters: functions near the instance can satisfy a
    /// NUMA policy and only then turn out not to be meant.
    /// </summary>
    public RefusalReason Select(DeviceRequest request)
    {
        IsMixed = false;
        var isMatched = false;
        for (var i = 0; i < _turns.Length; i++)
        {
            var matches = _pools.Groups[i].MatchesAny(request.Alternatives);
            _turns[i] = matches ? NearTurn : NotSelected;
            isMatched |= matches;
        }

        if (IsShort(request))
            return isMatched ? RefusalReason.DeviceCountExceeded : RefusalReason.DeviceNotMatched;
        if (_hostCells.Length > 0)
        {
            var reason = KeepNear(request);
            if (reason != RefusalReason.None)
                return reason;
        }

        KeepMeant(request);
        return IsShort(request) ? RefusalReason.DeviceTypeNotRequested : RefusalReason.None;
    }

    /// <summary>A cell without a socket: as in Nova, a host that knows its sockets in part does not know them.</summary>
    public readonly int? CellWithoutSocket()
    {
        foreach (var cell in (_node.Numa?.Cells ?? []).Span)
        {
            if (cell.Socket is null)
                return cell.CellId;
        }

        return null;
    }

    private readonly RefusalReason KeepNear(DeviceRequest request)
    {
        Span<int> free = [0, 0, 0];
        for (var i = 0; i < _turns.Length; i++)
            free[(int)ProximityOf(_pools.Groups[i])] += _turns[i] == NotSelected ? 0 : _freeOfGroup[i];

        // Nearer is better whatever the policy: it widens only as far as it must.
        var onCells = free[(int)Proximity.OnCells];
        var isSocketPolicy = request.NumaPolicy == DeviceNumaPolicy.Socket;
        var knowsSockets = !isSocketPolicy || CellWithoutSocket() is null;
        if (onCells >= request.Count || request.NumaPolicy == DeviceNumaPolicy.Required || !knowsSockets)
            KeepUpTo(Proximity.OnCells);
        else if (isSocketPolicy)
            KeepOnSockets();
        else if (request.NumaPolicy == DeviceNumaPolicy.Legacy || onCells + free[(int)Proximity.OnNoCell] >= request.Count)
            KeepUpTo(Proximity.OnNoCell);
        else
            KeepUpTo(Proximity.Elsewhere);
        return !IsShort(request) ? RefusalReason.None
            : knowsSockets ? RefusalReason.DeviceNumaPolicyUnmet
            : RefusalReason.DeviceSocketUnknown;
    }

    private readonly Proximity ProximityOf(DeviceGroup group) => group.NumaCell is not { } cell ? Proximity.OnNoCell
        : _hostCells.Contains(cell) ? Proximity.OnCells
        : Proximity.Elsewhere;

    private readonly void KeepUpTo(Proximity farthest)
    {
        for (var i = 0; i < _turns.Length; i++)
        {
            if (_turns[i] == NotSelected)
                continue;
            var proximity = ProximityOf(_pools.Groups[i]);
            _turns[i] = proximity > farthest ? NotSelected
                : proximity == Proximity.Elsewhere ? FarTurn
                : NearTurn;
        }
    }

    private readonly void KeepOnSockets()
    {
        for (var i = 0; i < _turns.Length; i++)
        {
            if (!IsOnSockets(_pools.Groups[i]))
                _turns[i] = NotSelected;
        }
    }

    private readonly bool IsOnSockets(DeviceGroup group)
    {
        if (group.NumaCell is not { } cell || SocketOf(cell) is not { } socket)
            return false;
        foreach (var hostCell in _hostCells)
        {
            if (SocketOf(hostCell) == socket)
                return true;
        }

        return false;
    }

    private readonly int? SocketOf(int cell) => _node.Numa?.IndexOf(cell) is >= 0 and var place ? _node.Numa.Cells[place].Socket : null;

    // What has to be asked for by name is dropped unless it is; a function's turn comes after that of its children.
    private void KeepMeant(DeviceRequest request)
    {
        var meant = new DeviceMeaning(request);
        bool hasFunctions = false, hasOthers = false;
        for (var i = 0; i < _turns.Length; i++)
        {
            var group = _pools.Groups[i];
            if (_turns[i] == NotSelected)
                continue;
            if (!meant.Includes(group))
            {
                _turns[i] = NotSelected;
                continue;
            }

            hasFunctions |= group.Type == DeviceType.PhysicalFunction;
            hasOthers |= group.Type != DeviceType.PhysicalFunction;
        }

        IsMixed = hasFunctions && hasOthers;
        for (var i = 0; IsMixed && i < _turns.Length; i++)
        {
            if (_turns[i] != NotSelected && _pools.Groups[i].Type == DeviceType.PhysicalFunction)
                _turns[i]++;
        }
    }

    private readonly bool IsShort(DeviceRequest request) => CountFree() < request.Count;

    private readonly int Count(ReadOnlySpan<int> devicesOfGroup)
    {
        var count = 0;
        for (var i = 0; i < _turns.Length; i++)
            count += _turns[i] == NotSelected ? 0 : devicesOfGroup[i];
        return count;
    }

    private enum Proximity
    {
        OnCells = 0,
        OnNoCell = 1,
        Elsewhere = 2,
    }
}
