using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Audits;

/// <summary>What is used beyond what the host has: after the corrections, and on what the host reports. Nothing is evicted.</summary>
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

        FindPages(draft);
        foreach (var claim in node.Claims.Values)
        {
            if (claim.Assignment.Cells.Count > 0)
                FindCells(draft, claim);
        }
    }

    private static void FindPages(AuditDraft draft)
    {
        var node = draft.Node;
        for (var i = 0; i < node.NumaUsage.Cells.Count; i++)
        {
            var cell = node.Spec.Numa!.Cells[i];
            for (var j = 0; j < cell.PagePools.Count; j++)
            {
                var (used, pages) = (node.NumaUsage.Cells[i].PagesUsed[j], cell.PagePools[j].Total - cell.PagePools[j].Reserved);
                if (used > pages)
                    draft.Add(Over(used, pages, $"{used} pages of {cell.PagePools[j].SizeKb} KiB are used on cell {cell.CellId}, of {pages}"));
            }
        }
    }

    // CPUs and cells have owners: the instances to move away are told one by one.
    private static void FindCells(AuditDraft draft, Claim claim)
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
                Add(DriftText.Of(owned), DriftText.Of(there), $"Claim {claim.Id} owns CPUs {DriftText.Of(lost)} of cell {part.HostCellId}, which the host does not have");
            }
        }

        void Add(string expected, string observed, string sentence) => draft.Add(
            new Drift(DriftKind.OverCapacity, DriftAction.Reported, expected, observed, sentence) { Instance = claim.Instance.Id, Claim = claim.Id });
    }

    private static Drift Over(long used, long capacity, string sentence) =>
        new(DriftKind.OverCapacity, DriftAction.Reported, DriftText.Of(used), DriftText.Of(capacity), sentence);
}
