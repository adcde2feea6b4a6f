using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// What is used beyond what the host has: after the corrections, and on what the host reports. Nothing is evicted. A drift for each class, for the
/// pages of each size, the memory and the shared CPUs of each cell, and, of CPUs and cells, which have owners, for each claim to move away.
/// </summary>
internal static class CapacityDrift
{
    public static void Find(AuditDraft draft)
    {
        var node = draft.Node;
        for (var i = 0; i < node.Spec.Inventories.Count; i++)
        {
            var (resourceClass, capacity) = (node.Spec.Inventories.Classes[i], node.Spec.Inventories[i].Capacity);
            if (node.Used[i] > capacity)
            {
                draft.Add(Over(node.Used[i], capacity, $"{node.Used[i]} of {resourceClass} are used, of a capacity of {capacity}") with
                {
                    ResourceClass = resourceClass.Name,
                });
            }
        }

        var parts = node.Claims.Values.SelectMany(claim => claim.Assignment.Cells.Select(part => (Claim: claim, Part: part)))
            .ToLookup(owned => owned.Part.HostCellId);
        for (var i = 0; i < node.NumaUsage.Cells.Count; i++)
        {
            var (cell, used) = (node.Spec.Numa!.Cells[i], node.NumaUsage.Cells[i]);
            FindPages(draft, cell, used, parts[cell.CellId].Select(owned => owned.Part));
            FindMemory(draft, cell, used, parts[cell.CellId]);
            FindShared(draft, cell, used, parts[cell.CellId]);
        }

        foreach (var claim in node.Claims.Values)
        {
            if (claim.Assignment.Cells.Count > 0)
                FindOwned(draft, claim);
        }
    }

    private static void FindPages(AuditDraft draft, NumaCell cell, NumaCellUsage usage, IEnumerable<CellAssignment> parts)
    {
        for (var j = 0; j < cell.PagePools.Count; j++)
            Add(usage.PagesUsed[j], cell.PagePools[j].SizeKb, cell.PagePools[j].Total - cell.PagePools[j].Reserved);
        // Usage counts by the pools that the cell has: of a size that it does not have any more only the claims know.
        foreach (var pages in parts.Where(part => part.PageCount > 0 && cell.IndexOfPool(part.PoolSizeKb) < 0).GroupBy(part => part.PoolSizeKb).OrderBy(size => size.Key))
            Add(pages.Sum(part => part.PageCount), pages.Key, 0);

        void Add(long used, long sizeKb, long pages)
        {
            if (used > pages)
                draft.Add(Over(used, pages, $"{used} pages of {sizeKb} KiB are used on cell {cell.CellId}, of {pages}"));
        }
    }

    // Memory may be promised more than once where the node's inventory or a claim there says so; to one instance never more than there is.
    private static void FindMemory(AuditDraft draft, NumaCell cell, NumaCellUsage usage, IEnumerable<(Claim Claim, CellAssignment Part)> owned)
    {
        if (usage.MemoryUsedMb <= cell.MemoryMb)
            return;
        var inventories = draft.Node.Spec.Inventories;
        var ratio = inventories.IndexOf(ResourceClass.MemoryMb) is >= 0 and var place ? inventories[place].AllocationRatio : 1;
        ratio = owned.Max(held => held.Claim.Request.RamAllocationRatio) is { } asked ? Math.Max(ratio, asked) : ratio;
        if (usage.MemoryUsedMb > cell.MemoryMb * Math.Max(1, ratio) || owned.Any(held => held.Part.MemoryMb > cell.MemoryMb))
        {
            draft.Add(Over(
                usage.MemoryUsedMb, cell.MemoryMb, $"{usage.MemoryUsedMb} MiB of memory are used on cell {cell.CellId}, of {cell.MemoryMb}"));
        }
    }

    // Floating CPUs share: too many are those of one instance that has more than there are, or more than a claim there let be promised.
    private static void FindShared(AuditDraft draft, NumaCell cell, NumaCellUsage usage, IEnumerable<(Claim Claim, CellAssignment Part)> owned)
    {
        var shared = cell.SharedCpus.Count;
        if (usage.SharedVcpuCount > shared
            && owned.Any(held => held.Part.SharedVcpus.Count > shared
                || (held.Part.SharedVcpus.Count > 0 && usage.SharedVcpuCount > shared * held.Claim.Request.CpuAllocationRatio)))
        {
            draft.Add(Over(
                usage.SharedVcpuCount, shared, $"{usage.SharedVcpuCount} floating vCPUs are on cell {cell.CellId}, which has {shared} shared CPUs"));
        }
    }

    private static void FindOwned(AuditDraft draft, Claim claim)
    {
        var topology = draft.Node.Spec.Numa;
        foreach (var part in claim.Assignment.Cells)
        {
            var place = topology?.IndexOf(part.HostCellId) ?? -1;
            var owned = part.OwnedCpus();
            if (place < 0)
            {
                Add($"cell {part.HostCellId}", "none", $"Claim {claim.Id} holds a part of cell {part.HostCellId}, which the host does not have");
            }
            else if (owned.Except(topology!.Cells[place].DedicatedCpus) is { Count: > 0 } lost)
            {
                var there = owned.Except(lost);
                Add(DriftText.Of(owned), DriftText.Of(there), $"Claim {claim.Id} owns CPUs {DriftText.Of(lost)} of cell {part.HostCellId}, which has no such dedicated CPUs");
            }
        }

        void Add(string expected, string observed, string sentence) => draft.Add(
            new Drift(DriftKind.OverCapacity, DriftAction.Reported, expected, observed, sentence) { Instance = claim.Instance.Id, Claim = claim.Id });
    }

    private static Drift Over(long used, long capacity, string sentence) =>
        new(DriftKind.OverCapacity, DriftAction.Reported, DriftText.Of(used), DriftText.Of(capacity), sentence);
}
