namespace ResourceService.Ledger.Devices;

/// <summary>
/// Which requests the free devices of each group suit, whatever the NUMA cells: a bit for each request. Devices with the same bits are alike to all
/// requests, and that is what makes an exact answer cheap.
/// </summary>
internal sealed class SuitableDevices
{
    /// <summary>
    /// The most requests that can be told apart. Callers make <see cref="DeviceRequest.RequestsMax"/> at most; what audits found on an instance that
    /// moves is asked for as well.
    /// </summary>
    public const int RequestsMax = 64;

    private readonly ulong[] _requestsOfGroup;

    public SuitableDevices(DeviceUsage usage, ValueList<DeviceRequest> requests)
    {
        Invariant.Require(requests.Count <= RequestsMax, "each device request has a bit");
        Requests = requests;
        var groups = usage.Pools.Groups;
        _requestsOfGroup = new ulong[groups.Length];
        for (var request = 0; request < requests.Count; request++)
        {
            var meant = new DeviceMeaning(requests[request]);
            for (var group = 0; group < groups.Length; group++)
            {
                if (usage.FreeOfGroup[group] == 0 || !groups[group].MatchesAny(requests[request].Alternatives))
                    continue;
                if (meant.Includes(groups[group]))
                    _requestsOfGroup[group] |= 1UL << request;
                else
                    HidesOthers = true;
            }
        }
    }

    public ValueList<DeviceRequest> Requests { get; }

    /// <summary>
    /// Whether a request matches free devices that it does not mean. They count when it is decided how far from its cells it may go, as in Nova, so
    /// that more devices near the cells can be worse than fewer.
    /// </summary>
    public bool HidesOthers { get; }

    public ulong RequestsOf(int group) => _requestsOfGroup[group];

    /// <summary>
    /// The function of a family of which one request may want the function and another the children, so that each excludes the other; -1 for a pool
    /// that is in none.
    /// </summary>
    public int ContestedFunction(DeviceUsage usage, int pool)
    {
        var pools = usage.Pools;
        if (!pools.HasFamilies || !IsWanted(usage, pool))
            return -1;
        var member = pools.MembersOf(pools.Pools[pool])[0];
        foreach (var parent in pools.ParentOf(member))
            return IsWanted(usage, pools.PoolOf(parent)) ? parent : -1;
        foreach (var child in pools.ChildrenOf(pools[member].Address))
        {
            if (IsWanted(usage, pools.PoolOf(child)))
                return member;
        }

        return -1;
    }

    // A function is a pool of its own, and children are free together or not at all while their function is free.
    private bool IsWanted(DeviceUsage usage, int pool) => usage.FreeOfPool[pool] > 0 && _requestsOfGroup[usage.Pools.Pools[pool].Group] != 0;
}
