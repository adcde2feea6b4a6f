using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Audits;

/// <summary>Why an instance that its host runs cannot be given a claim: each class, CPU, cell and device that does not fit.</summary>
/// <param name="Sentences">What does not fit.</param>
/// <param name="ResourceClass">The first class among it; empty when none is.</param>
/// <param name="DeviceAddress">The first device among it; empty when none is.</param>
internal sealed record Misfit(IReadOnlyList<string> Sentences, string ResourceClass, string DeviceAddress)
{
    private const int SentencesMax = 8;

    /// <summary>What does not fit.</summary>
    public static Misfit Of(NodeView node, ObservedInstance seen)
    {
        var classes = Amounts(node, seen).ToList();
        var devices = Devices(node, seen).ToList();
        string[] sentences = [.. classes.Concat(Cells(node, seen)).Concat(devices).Select(part => part.Sentence)];
        return new Misfit(
            sentences.Length <= SentencesMax ? sentences : [.. sentences.Take(SentencesMax), $"and {sentences.Length - SentencesMax} more"],
            classes.FirstOrDefault().Subject ?? "",
            devices.FirstOrDefault().Subject ?? "");
    }

    private static IEnumerable<(string Subject, string Sentence)> Amounts(NodeView node, ObservedInstance seen)
    {
        foreach (var (resourceClass, amount) in seen.Amounts)
        {
            var place = node.Spec.Inventories.IndexOf(resourceClass);
            if (place < 0)
                yield return (resourceClass.Name, $"{resourceClass}: no inventory");
            else if (amount > node.FreeAt(place))
                yield return (resourceClass.Name, $"{resourceClass}: {amount} needed, {node.FreeAt(place)} of {node.Spec.Inventories[place].Capacity} free");
        }
    }

    private static IEnumerable<(string Subject, string Sentence)> Cells(NodeView node, ObservedInstance seen)
    {
        var taken = CpuSet.Empty;
        foreach (var cell in seen.Cells)
        {
            foreach (var cpu in cell.Pinning.Select(pin => pin.HostCpu).Concat(cell.EmulatorCpus))
            {
                if (ReasonOf(node, cpu, cell.HostCellId, taken) is { } reason)
                    yield return ("", $"CPU {cpu}: {reason}");
                taken = taken.Union(CpuSet.From([cpu]));
            }

            if (node.Spec.Numa is not { } topology)
                continue;
            if (topology.IndexOf(cell.HostCellId) is not (>= 0 and var place))
                yield return ("", $"cell {cell.HostCellId}: not on the host");
            else if (MemoryReasonOf(topology.Cells[place], node.NumaUsage.Cells[place], cell) is { } reason)
                yield return ("", $"cell {cell.HostCellId}: {reason}");
        }
    }

    private static string? ReasonOf(NodeView node, int cpu, int hostCellId, CpuSet taken)
    {
        var one = CpuSet.From([cpu]);
        if (taken.Overlaps(one))
            return "used twice by the instance";
        if (node.Claims.Values.FirstOrDefault(claim => claim.Assignment.Cells.Any(part => part.OwnedCpus().Overlaps(one))) is { } owner)
            return $"owned by claim {owner.Id}";
        return node.Spec.Numa is { } topology && topology.IndexOf(hostCellId) is >= 0 and var place && topology.Cells[place].DedicatedCpus.Overlaps(one)
            ? null
            : $"not a dedicated CPU of cell {hostCellId}";
    }

    private static string? MemoryReasonOf(NumaCell cell, NumaCellUsage used, ObservedCell seen)
    {
        if (seen.MemoryMb > cell.MemoryMb)
            return $"{seen.MemoryMb} MiB needed, of {cell.MemoryMb} MiB";
        var sizeKb = seen.PageSizeKb > 0 ? seen.PageSizeKb : cell.PagePools.Select(pool => pool.SizeKb).DefaultIfEmpty().Min();
        if (sizeKb == 0)
            return null;
        var pool = cell.IndexOfPool(sizeKb);
        if (pool < 0)
            return $"no pages of {sizeKb} KiB";
        var free = cell.PagePools[pool].Total - cell.PagePools[pool].Reserved - used.PagesUsed[pool];
        var needed = seen.MemoryMb * 1024 / sizeKb;
        return needed > free ? $"{needed} pages of {sizeKb} KiB needed, {free} free" : null;
    }

    private static IEnumerable<(string Subject, string Sentence)> Devices(NodeView node, ObservedInstance seen)
    {
        var usage = node.DeviceUsage;
        var pools = usage.Pools;
        foreach (var address in seen.DeviceAddresses)
        {
            if (pools.At(address) is not [var place])
                yield return (address, $"device {address}: not on the node");
            else if (usage.Owners[place] != 0)
                yield return (address, $"device {address}: owned by claim {new ClaimId(node.NodeKey, usage.Owners[place])}");
            else if (usage.StatusOf(place) == DeviceStatus.Blocked)
                yield return (address, $"device {address}: its physical function or one of its functions is owned");
            else if (pools.ParentOf(place) is [var parent] && seen.DeviceAddresses.Contains(pools[parent].Address))
                yield return (address, $"device {address}: attached beside its physical function");
        }
    }
}
