using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Devices;

/// <summary>
/// Which devices a claim is given, by Nova's rules (<c>pci/stats.py</c>). All requests are first tested together on the counts of the pools, then the
/// devices are taken one by one, each PF blocking its VFs and the other way round; both must succeed. A node's state alone decides: inside a pool the
/// highest address goes first, which is Nova's order after a restart.
/// </summary>
public static class DeviceFit
{
    // More devices than this are counted on the heap.
    private const int StackMax = 1024;

    /// <summary>Finds the devices; false when they cannot be had.</summary>
    /// <param name="node">The node's report.</param>
    /// <param name="usage">Who owns its devices.</param>
    /// <param name="requests">What is asked for.</param>
    /// <param name="hostCellIds">The host cells of the instance; empty when it has none, and NUMA policies then have no effect.</param>
    /// <param name="devices">What is given, request by request.</param>
    public static bool TryAssign(
        NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds, out ValueList<AssignedDevice> devices)
    {
        var wanted = 0;
        foreach (var request in requests.Span)
            wanted += request.Count;
        devices = [];
        var given = new AssignedDevice[wanted];
        if (!TryTake(node, usage, requests, hostCellIds, given))
            return false;
        devices = ValueList.Create<AssignedDevice>(given);
        return true;
    }

    /// <summary>Whether <see cref="TryAssign"/> finds devices.</summary>
    public static bool Supports(NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds) =>
        TryTake(node, usage, requests, hostCellIds, []);

    /// <summary>Counts the devices that can be had near each host cell, in the order of the topology.</summary>
    public static void CountFreeByCell(NodeSpec node, DeviceUsage usage, Span<int> counts)
    {
        counts.Clear();
        for (var i = 0; i < node.Devices.Count; i++)
        {
            if (node.Devices[i].NumaCell is not { } cell || StatusOf(node, usage, i) != DeviceStatus.Free)
                continue;
            var place = node.Numa?.IndexOf(cell) ?? -1;
            if (place >= 0)
                counts[place]++;
        }
    }

    /// <summary>Whether the device at a place can be had.</summary>
    public static DeviceStatus StatusOf(NodeSpec node, DeviceUsage usage, int index)
    {
        if (usage.Owners[index] != 0)
            return DeviceStatus.Claimed;
        if (usage.HasMissingChildren(index))
            return DeviceStatus.Blocked;
        var pools = DevicePools.Of(node.Devices);
        if (pools.Parents[index] is >= 0 and var parent && usage.Owners[parent] != 0)
            return DeviceStatus.Blocked;
        foreach (var child in pools.Children[index])
        {
            if (usage.Owners[child] != 0)
                return DeviceStatus.Blocked;
        }

        return DeviceStatus.Free;
    }

    /// <summary>The devices that claims own and the node no longer reports.</summary>
    public static IEnumerable<(Claim Claim, string Address)> Missing(NodeSpec node, IEnumerable<Claim> claims)
    {
        var pools = DevicePools.Of(node.Devices);
        return claims.SelectMany(claim => claim.Assignment.Devices
            .Where(device => pools.IndexOf(device.Address) < 0)
            .Select(device => (claim, device.Address)));
    }

    /// <summary>Adds why the devices cannot be had: each request that fails alone, or that they fail only together.</summary>
    public static void Explain(
        NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds, ICollection<RefusedDimension> refused)
    {
        if (Supports(node, usage, requests, hostCellIds))
            return;
        var selection = new DeviceSelection(node, DevicePools.Of(node.Devices), hostCellIds);
        var counts = new int[selection.PoolCount];
        CountFree(node, usage, new bool[node.Devices.Count], counts);
        var failedAlone = false;
        var selected = new int[selection.PoolCount];
        foreach (var request in requests)
        {
            var reason = selection.Select(request, counts, selected, out _, out var figures);
            if (reason == RefusalReason.None)
                continue;
            failedAlone = true;
            refused.Add(new RefusedDimension(reason, request.Name, request.Count, figures.Available, figures.Capacity));
        }

        if (!failedAlone)
            refused.Add(new RefusedDimension(RefusalReason.DevicesNotCombinable, "", 0, 0, 0));
    }

    // Fills in what is given; an empty span only asks.
    private static bool TryTake(
        NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds, Span<AssignedDevice> given)
    {
        var pools = DevicePools.Of(node.Devices);
        var selection = new DeviceSelection(node, pools, hostCellIds);
        var onStack = node.Devices.Count <= StackMax;
        Span<bool> free = onStack ? stackalloc bool[node.Devices.Count] : new bool[node.Devices.Count];
        Span<int> counts = onStack ? stackalloc int[pools.Pools.Length] : new int[pools.Pools.Length];
        Span<int> tested = onStack ? stackalloc int[pools.Pools.Length] : new int[pools.Pools.Length];
        Span<int> selected = onStack ? stackalloc int[pools.Pools.Length] : new int[pools.Pools.Length];
        CountFree(node, usage, free, counts);
        counts.CopyTo(tested);
        foreach (var request in requests.Span)
        {
            if (selection.Select(request, tested, selected, out var count, out _) != RefusalReason.None)
                return false;
            Reduce(tested, selected[..count], request.Count);
        }

        var next = 0;
        foreach (var request in requests.Span)
        {
            if (selection.Select(request, counts, selected, out var count, out _) != RefusalReason.None)
                return false;
            next = Take(pools, node, request, selected[..count], free, counts, given, next);
        }

        return true;
    }

    private static int Take(
        DevicePools pools, NodeSpec node, DeviceRequest request, ReadOnlySpan<int> selected, Span<bool> free, Span<int> counts,
        Span<AssignedDevice> given, int next)
    {
        var missing = request.Count;
        foreach (var pool in selected)
        {
            foreach (var member in pools.Pools[pool].Members)
            {
                if (missing == 0)
                    return next;
                if (!free[member])
                    continue;
                missing--;
                Block(pools, member, free, counts);
                if (pools.Parents[member] is >= 0 and var parent)
                    Block(pools, parent, free, counts);
                foreach (var child in pools.Children[member])
                    Block(pools, child, free, counts);
                if (given.Length > 0)
                    given[next++] = new AssignedDevice(request.Name, node.Devices[member].Address, node.Devices[member].ParentAddress);
            }
        }

        return next;
    }

    private static void Block(DevicePools pools, int device, Span<bool> free, Span<int> counts)
    {
        if (!free[device])
            return;
        free[device] = false;
        counts[pools.PoolOf[device]]--;
    }

    private static void Reduce(Span<int> counts, ReadOnlySpan<int> selected, int missing)
    {
        foreach (var pool in selected)
        {
            var taken = Math.Min(counts[pool], missing);
            counts[pool] -= taken;
            missing -= taken;
        }
    }

    private static void CountFree(NodeSpec node, DeviceUsage usage, Span<bool> free, Span<int> counts)
    {
        var pools = DevicePools.Of(node.Devices);
        counts.Clear();
        for (var i = 0; i < free.Length; i++)
        {
            free[i] = StatusOf(node, usage, i) == DeviceStatus.Free;
            if (free[i])
                counts[pools.PoolOf[i]]++;
        }
    }
}

/// <summary>Whether a device can be had.</summary>
public enum DeviceStatus
{
    /// <summary>It can be claimed.</summary>
    Free,

    /// <summary>A live claim owns it.</summary>
    Claimed,

    /// <summary>Its parent or one of its children is owned.</summary>
    Blocked,
}
