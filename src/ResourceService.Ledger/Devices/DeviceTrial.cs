using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Devices;

/// <summary>
/// One attempt to serve device requests from what is free. Requests are served in order: each selects groups, then draws devices from their pools.
/// What is free is counted on a copy.
/// </summary>
internal ref struct DeviceTrial
{
    private readonly DeviceUsage _usage;
    private readonly DevicePools _pools;
    private readonly Span<int> _freeOfPool;
    private readonly Span<int> _freeOfGroup;

    // The places of the devices drawn, request after request.
    private readonly Span<int> _drawn;
    private int _drawnCount;

    // Of the request served last: the groups, and how many devices it could have.
    private DeviceSelection _selection;
    private int _available;

    public DeviceTrial(NodeSpec node, DeviceUsage usage, ReadOnlySpan<int> hostCells, Span<int> scratch)
    {
        (_usage, _pools) = (usage, usage.Pools);
        var (pools, groups) = (_pools.Pools.Length, _pools.Groups.Length);
        _freeOfPool = scratch[..pools];
        _freeOfGroup = scratch.Slice(pools, groups);
        _selection = new DeviceSelection(node, _pools, hostCells, _freeOfGroup, scratch.Slice(pools + groups, groups));
        _drawn = scratch.Slice(pools + groups + groups, _pools.DeviceCount);
    }

    public static int ScratchSize(DeviceUsage usage) => usage.Pools.Pools.Length + (2 * usage.Pools.Groups.Length) + usage.Pools.DeviceCount;

    /// <summary>Whether a request that stands alone can be met.</summary>
    public bool CanMeet(DeviceRequest request)
    {
        // Counts are enough, unless what it draws can block what it may draw next.
        var reason = TestAlone(request);
        return reason == RefusalReason.None && (!_selection.IsMixed || TryDraw(request, isBlocking: true));
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
                given[next] = _pools.Give(_drawn[next], request.Name);
        }

        return ValueList.Create<AssignedDevice>(given);
    }

    /// <summary>The dimension of the request served last.</summary>
    public readonly RefusedDimension Describe(DeviceRequest request, RefusalReason reason) =>
        new(reason, request.Name, request.Count, _available, _selection.CountAll())
        {
            HostCellId = reason == RefusalReason.DeviceSocketUnknown ? _selection.CellWithoutSocket() : null,
        };

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

    private RefusalReason Select(DeviceRequest request)
    {
        var reason = _selection.Select(request);
        _available = _selection.CountFree();
        return reason;
    }

    private bool TryDraw(DeviceRequest request, bool isBlocking)
    {
        var wanted = request.Count;
        for (var turn = DeviceSelection.FirstTurn; turn <= DeviceSelection.LastTurn && wanted > 0; turn++)
        {
            for (var i = 0; i < _freeOfPool.Length && wanted > 0; i++)
            {
                if (_freeOfPool[i] > 0 && _selection.TurnOf(_pools.Pools[i].Group) == turn)
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
}
