using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Devices;

/// <summary>
/// One attempt to serve device requests from what is free. Requests are served in order: each selects groups by its descriptions, the NUMA policy and
/// the types that must be asked for, then draws devices from their pools. What is free is counted on a copy.
/// </summary>
internal ref struct DeviceTrial
{
    // In which turn the pools of a group are drawn from; a function's turn is one later where the request would take its children as well.
    private const int NotSelected = 0;
    private const int NearTurn = 1;
    private const int FarTurn = 3;
    private const int LastTurn = 4;

    private readonly NodeSpec _node;
    private readonly DeviceUsage _usage;
    private readonly DevicePools _pools;
    private readonly ReadOnlySpan<int> _hostCells;

    private readonly Span<int> _freeOfPool;
    private readonly Span<int> _freeOfGroup;
    private readonly Span<int> _turns;

    // The places of the devices drawn, request after request.
    private readonly Span<int> _drawn;
    private int _drawnCount;

    // Of the request tested last: how many devices are free among those selected, and whether both a function and others are.
    private int _available;
    private bool _isMixed;

    public DeviceTrial(NodeSpec node, DeviceUsage usage, ReadOnlySpan<int> hostCells, Span<int> scratch)
    {
        (_node, _usage, _pools) = (node, usage, usage.Pools);
        _hostCells = hostCells;
        var (pools, groups) = (_pools.Pools.Length, _pools.Groups.Length);
        _freeOfPool = scratch[..pools];
        _freeOfGroup = scratch.Slice(pools, groups);
        _turns = scratch.Slice(pools + groups, groups);
        _drawn = scratch.Slice(pools + groups + groups, _pools.DeviceCount);
    }

    public static int ScratchSize(DeviceUsage usage) => usage.Pools.Pools.Length + (2 * usage.Pools.Groups.Length) + usage.Pools.DeviceCount;

    /// <summary>Whether a request that stands alone can be met.</summary>
    public bool CanMeet(DeviceRequest request)
    {
        // Counts are enough, unless what it draws can block what it may draw next.
        var reason = TestAlone(request);
        return reason == RefusalReason.None && (!_isMixed || TryDraw(request, isBlocking: true));
    }

    /// <summary>Why a request cannot be met even by itself, by counts.</summary>
    public RefusalReason TestAlone(DeviceRequest request)
    {
        Reset();
        return Select(request);
    }

    /// <summary>
    /// Serves all requests; the place of the first that cannot be met, or -1. Two rounds, as in Nova: the first counts and knows nothing of families,
    /// the second draws devices. What the first refuses the second can accept, because fewer devices near the instance widen a NUMA policy.
    /// </summary>
    public int FirstUnmet(ValueList<DeviceRequest> requests)
    {
        var unmet = requests.Count > 1 && _pools.HasFamilies ? FirstUnmet(requests, isBlocking: false) : -1;
        return unmet >= 0 ? unmet : FirstUnmet(requests, isBlocking: true);
    }

    /// <summary>The devices drawn when all requests were met.</summary>
    public readonly ValueList<AssignedDevice> Given(ValueList<DeviceRequest> requests)
    {
        var given = new AssignedDevice[_drawnCount];
        var next = 0;
        foreach (var request in requests.Span)
        {
            for (var i = 0; i < request.Count; i++, next++)
            {
                var device = _pools[_drawn[next]];
                given[next] = new AssignedDevice(request.Name, device.Address) { ParentAddress = device.ParentAddress };
            }
        }

        return ValueList.Create<AssignedDevice>(given);
    }

    /// <summary>The dimension of the request tested last.</summary>
    public readonly RefusedDimension Describe(DeviceRequest request, RefusalReason reason)
    {
        var capacity = 0;
        for (var i = 0; i < _turns.Length; i++)
            capacity += _turns[i] == NotSelected ? 0 : _pools.GroupSizes[i];
        return new RefusedDimension(reason, request.Name, request.Count, _available, capacity)
        {
            HostCellId = reason == RefusalReason.DeviceSocketUnknown ? CellWithoutSocket() : null,
        };
    }

    private int FirstUnmet(ValueList<DeviceRequest> requests, bool isBlocking)
    {
        Reset();
        for (var i = 0; i < requests.Count; i++)
        {
            if (Select(requests[i]) != RefusalReason.None || !TryDraw(requests[i], isBlocking))
                return i;
        }

        return -1;
    }

    private void Reset()
    {
        _usage.FreeOfPool.CopyTo(_freeOfPool);
        _usage.FreeOfGroup.CopyTo(_freeOfGroup);
        _drawnCount = 0;
    }

    // The filters stand in Nova's order. It matters: functions near the instance can satisfy a NUMA policy and only then turn out not to be meant.
    private RefusalReason Select(DeviceRequest request)
    {
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

    private RefusalReason KeepNear(DeviceRequest request)
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

    // Any cell of the host, not only those of the instance: as in Nova, a host that knows its sockets in part does not know them.
    private readonly int? CellWithoutSocket()
    {
        foreach (var cell in _node.Numa?.Cells ?? [])
        {
            if (cell.Socket is null)
                return cell.CellId;
        }

        return null;
    }

    // What has to be asked for by name is dropped unless it is; a function's turn comes after that of its children.
    private void KeepMeant(DeviceRequest request)
    {
        bool functions = false, vdpa = false, remoteManaged = false;
        foreach (var description in request.Alternatives.Span)
        {
            functions |= description.Type == DeviceType.PhysicalFunction;
            vdpa |= description.Type == DeviceType.Vdpa;
            remoteManaged |= DeviceGroup.SaysRemoteManaged(description.Tags);
        }

        bool hasFunctions = false, hasOthers = false;
        for (var i = 0; i < _turns.Length; i++)
        {
            var group = _pools.Groups[i];
            if (_turns[i] == NotSelected)
                continue;
            if ((group.Type == DeviceType.PhysicalFunction && !functions) || (group.Type == DeviceType.Vdpa && !vdpa)
                || (group.IsRemoteManaged && !remoteManaged))
            {
                _turns[i] = NotSelected;
                continue;
            }

            hasFunctions |= group.Type == DeviceType.PhysicalFunction;
            hasOthers |= group.Type != DeviceType.PhysicalFunction;
        }

        _isMixed = hasFunctions && hasOthers;
        for (var i = 0; _isMixed && i < _turns.Length; i++)
        {
            if (_turns[i] != NotSelected && _pools.Groups[i].Type == DeviceType.PhysicalFunction)
                _turns[i]++;
        }
    }

    private bool IsShort(DeviceRequest request)
    {
        _available = 0;
        for (var i = 0; i < _turns.Length; i++)
            _available += _turns[i] == NotSelected ? 0 : _freeOfGroup[i];
        return _available < request.Count;
    }

    private bool TryDraw(DeviceRequest request, bool isBlocking)
    {
        var wanted = request.Count;
        for (var turn = NearTurn; turn <= LastTurn && wanted > 0; turn++)
        {
            for (var i = 0; i < _freeOfPool.Length && wanted > 0; i++)
            {
                if (_freeOfPool[i] > 0 && _turns[_pools.Pools[i].Group] == turn)
                    wanted -= Draw(i, wanted, isBlocking);
            }
        }

        _available = request.Count - wanted;
        return wanted == 0;
    }

    private int Draw(int place, int wanted, bool isBlocking)
    {
        var members = _pools.MembersOf(_pools.Pools[place]);
        var count = Math.Min(wanted, _freeOfPool[place]);

        // A pool that is not blocked as a whole is short of exactly those of its free devices that were drawn before.
        var toSkip = _usage.FreeOfPool[place] - _freeOfPool[place];
        var toDraw = count;
        for (var i = 0; toDraw > 0; i++)
        {
            if (!_usage.IsFree(members[i]) || toSkip-- > 0)
                continue;
            _drawn[_drawnCount++] = members[i];
            toDraw--;
        }

        TakeFrom(place, count);
        if (isBlocking)
            BlockRelatives(members[0]);
        return count;
    }

    // Who is drawn was free, so none of its relatives is owned or drawn: its children all go, and its function goes if a sibling did not take it.
    private readonly void BlockRelatives(int device)
    {
        foreach (var parent in _pools.ParentOf(device))
        {
            if (_freeOfPool[_pools.PoolOf(parent)] > 0)
                TakeFrom(_pools.PoolOf(parent), 1);
        }

        foreach (var child in _pools.ChildrenOf(_pools[device].Address))
        {
            if (_usage.IsFree(child))
                TakeFrom(_pools.PoolOf(child), 1);
        }
    }

    private readonly void TakeFrom(int pool, int count)
    {
        _freeOfPool[pool] -= count;
        _freeOfGroup[_pools.Pools[pool].Group] -= count;
    }

    private enum Proximity
    {
        OnCells = 0,
        OnNoCell = 1,
        Elsewhere = 2,
    }
}
