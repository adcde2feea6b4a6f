using System.Buffers;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Devices;

/// <summary>
/// Whether the devices that an instance asks for are free, and which it gets: Nova's decision (<c>nova/pci/stats.py</c>). The same state and request
/// give the same devices. Pure, and without allocation but for the devices given and for explanations.
/// </summary>
/// <remarks>
/// Where Nova's test passes and its claim then dies, because one instance asks for a physical function and for children of it, this refuses. Where
/// one request would take either, children are drawn before functions, because Nova's order comes out short of what was asked.
/// </remarks>
public static class DeviceFit
{
    /// <summary>Chooses devices for all requests of an instance, or for none.</summary>
    /// <param name="node">The node's report.</param>
    /// <param name="usage">What is owned of its devices.</param>
    /// <param name="requests">What is asked, served in order.</param>
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
        return isMet;
    }

    /// <summary>Whether <see cref="TryAssign"/> would choose devices.</summary>
    public static bool Supports(NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds)
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
    /// Adds why the requests cannot be met: each request that cannot be met by itself, or else the first that the ones before it leave too little
    /// for. Adds nothing when they can be met.
    /// </summary>
    public static void Explain(
        NodeSpec node, DeviceUsage usage, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCellIds, ICollection<RefusedDimension> refused)
    {
        if (Supports(node, usage, requests, hostCellIds))
            return;
        var trial = new DeviceTrial(node, usage, hostCellIds, new int[DeviceTrial.ScratchSize(usage)]);
        var explained = refused.Count;
        foreach (var request in requests)
        {
            var reason = trial.TestAlone(request);
            if (reason != RefusalReason.None)
                refused.Add(trial.Describe(request, reason));
        }

        if (refused.Count == explained)
            refused.Add(trial.Describe(requests[trial.FirstUnmet(requests)], RefusalReason.DevicesNotCombinable));
    }

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
