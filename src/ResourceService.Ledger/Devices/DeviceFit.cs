using System.Buffers;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Devices;

/// <summary>
/// Whether the devices that an instance asks for are free, and which it gets. The same state and request give the same devices. Pure, and without
/// allocation but for the devices given, for explanations and where Nova's order leaves too little.
/// </summary>
/// <remarks>
/// Where Nova's decision (<c>nova/pci/stats.py</c>) meets all requests, its devices are given. Where its order leaves too little for one of them, the
/// requests are matched exactly, so that none is refused that could be met; a request that Nova refuses by itself stays refused.
///
/// Where Nova's test passes and its claim then dies, because one instance asks for a physical function and for children of it, this refuses. Where
/// one request would take either, children are drawn before functions, because Nova's order comes out short of what was asked.
/// </remarks>
public static class DeviceFit
{
    /// <summary>Chooses devices for all requests of an instance, or for none.</summary>
    /// <param name="node">The node's report.</param>
    /// <param name="usage">What is owned of its devices.</param>
    /// <param name="requests">What is asked, served in order where that is possible.</param>
    /// <param name="hostCellIds">The host cells of the instance; empty when it has none, and then no NUMA policy has an effect.</param>
    /// <param name="devices">The devices given, in the order of the requests.</param>
    public static bool TryAssign(
        NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds, out ValueList<AssignedDevice> devices)
    {
        devices = [];
        if (requests.Count == 0)
            return true;
        var scratch = ArrayPool<int>.Shared.Rent(DeviceTrial.ScratchSize(usage));
        var trial = new DeviceTrial(node, usage, hostCellIds, scratch);
        var isMet = trial.FirstUnmet(requests) < 0;
        if (isMet)
            devices = trial.Given(requests);
        ArrayPool<int>.Shared.Return(scratch);
        return isMet || TryAssignInAnyOrder(node, usage, requests, hostCellIds, out devices);
    }

    /// <summary>Whether <see cref="TryAssign"/> would choose devices.</summary>
    public static bool Supports(NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds) =>
        new DevicesNearCells(node, usage, requests).Accepts(hostCellIds);

    /// <summary>
    /// Adds why the requests cannot be met: each request that cannot be met by itself, or else the first that cannot be met beside those before it.
    /// Adds nothing when they can be met.
    /// </summary>
    public static void Explain(
        NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds, ICollection<RefusedDimension> refused)
    {
        var test = new DevicesNearCells(node, usage, requests);
        if (test.Accepts(hostCellIds))
            return;
        var trial = new DeviceTrial(node, usage, hostCellIds, new int[DeviceTrial.ScratchSize(usage)]);
        var explained = refused.Count;
        foreach (var request in requests)
        {
            var reason = trial.TestAlone(request);
            if (reason != RefusalReason.None)
                refused.Add(trial.Describe(request, reason));
        }

        if (refused.Count > explained)
            return;
        refused.Add(test.LimitHit is { } limit
            ? RefusedDimension.SearchEnded(limit)
            : FirstInTheWay(node, usage, requests, hostCellIds));
    }

    /// <summary>Whether Nova's order of requests, each taking the first devices that suit it, meets them all.</summary>
    internal static bool SupportsInOrder(NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds)
    {
        if (requests.Count == 0)
            return true;
        var scratch = ArrayPool<int>.Shared.Rent(DeviceTrial.ScratchSize(usage));
        var trial = new DeviceTrial(node, usage, hostCellIds, scratch);
        var isMet = requests.Count == 1 ? trial.CanMeet(requests[0]) : trial.FirstUnmet(requests) < 0;
        ArrayPool<int>.Shared.Return(scratch);
        return isMet;
    }

    /// <summary>
    /// Whether the requests can all be met, in whatever order, where each can be met by itself. Without a matching, one cannot.
    /// </summary>
    internal static bool TryMatch(
        NodeSpec node, DeviceUsage usage, SuitableDevices suitable, ReadOnlySpan<int> hostCellIds, out DeviceMatching? matching)
    {
        matching = null;
        if (!EachCanBeMet(node, usage, suitable.Requests, hostCellIds))
            return false;
        matching = new DeviceMatching(usage, suitable, new DeviceReach(node, suitable.Requests, hostCellIds));
        return matching.CanBeMet();
    }

    private static bool TryAssignInAnyOrder(
        NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds, out ValueList<AssignedDevice> devices)
    {
        devices = [];
        if (requests.Count > SuitableDevices.RequestsMax)
            return false;
        var suitable = new SuitableDevices(usage, requests);
        if (!TryMatch(node, usage, suitable, hostCellIds, out var matching))
            return false;

        var reach = new DeviceReach(node, requests, hostCellIds);
        reach.Tighten(() =>
        {
            var nearer = new DeviceMatching(usage, suitable, reach);
            if (!nearer.CanBeMet())
                return false;
            matching = nearer;
            return true;
        });
        var names = requests.SelectMany(request => Enumerable.Repeat(request.Name, request.Count));
        devices = ValueList.From(matching!.Give(usage, reach).Zip(names, (place, name) =>
            new AssignedDevice(name, usage.Pools[place].Address) { ParentAddress = usage.Pools[place].ParentAddress }));
        return true;
    }

    private static bool EachCanBeMet(NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds)
    {
        var scratch = ArrayPool<int>.Shared.Rent(DeviceTrial.ScratchSize(usage));
        var trial = new DeviceTrial(node, usage, hostCellIds, scratch);
        var (all, next) = (true, 0);
        while (all && next < requests.Count)
            all = trial.TestAlone(requests[next++]) == RefusalReason.None;
        ArrayPool<int>.Shared.Return(scratch);
        return all;
    }

    // Each request can be met by itself. Told is the first that cannot be beside those before it, and how much of it could.
    private static RefusedDimension FirstInTheWay(
        NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds)
    {
        var place = 0;
        while (CanBeMet(node, usage, ValueList.From(requests.Take(place + 1)), hostCellIds))
            place++;
        var (request, before) = (requests[place], requests.Take(place).ToArray());
        var (had, missed) = (0, request.Count);
        while (missed - had > 1)
        {
            var middle = (had + missed) / 2;
            if (CanBeMet(node, usage, [.. before, request with { Count = middle }], hostCellIds))
                had = middle;
            else
                missed = middle;
        }

        var trial = new DeviceTrial(node, usage, hostCellIds, new int[DeviceTrial.ScratchSize(usage)]);
        trial.TestAlone(request);
        return trial.Describe(request, RefusalReason.DevicesNotCombinable) with { Available = had };
    }

    private static bool CanBeMet(NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds) =>
        new DeviceMatching(usage, new SuitableDevices(usage, requests), new DeviceReach(node, requests, hostCellIds)).CanBeMet();

    /// <summary>Counts the free devices of each host cell.</summary>
    /// <param name="node">The node's report.</param>
    /// <param name="usage">What is owned of its devices.</param>
    /// <param name="counts">Takes the count for each cell of the topology, in its order.</param>
    public static void CountFreeByCell(NodeSpec node, DeviceUsage usage, Span<int> counts)
    {
        counts.Clear();
        var groups = usage.Pools.Groups;
        for (var i = 0; i < groups.Length; i++)
        {
            if (groups[i].NumaCell is { } cell && node.Numa?.IndexOf(cell) is >= 0 and var place)
                counts[place] += usage.FreeOfGroup[i];
        }
    }
}
