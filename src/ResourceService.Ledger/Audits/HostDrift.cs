using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// What the host has against what is registered of it, whatever owners set above that. Healing registers the host's, also when it is less than what is used: nothing is evicted, and
/// what is over shows as over capacity. A class in use that the host does not have any more stays registered with nothing in it until it is free.
/// </summary>
internal static class HostDrift
{
    public static void Find(AuditDraft draft)
    {
        var found = new List<Drift>();
        var registered = draft.Node.Spec.Reported;
        var spec = registered with
        {
            Inventories = Inventories(draft.Node, draft.Observed, found),
            Numa = Topology(draft, registered.Numa, found),
            Devices = Devices(registered.Devices, draft.Observed, found),
        };
        if (found.Count == 0)
            return;

        var isNewer = draft.Node.SpecGeneration > draft.Observed.Generation;
        var action = !draft.Heals ? DriftAction.Reported : isNewer ? DriftAction.SkippedChangedSince : DriftAction.InventoryUpdated;
        foreach (var drift in found)
            draft.Add(drift with { Action = action });

        var update = new NodeRegistered(ChangeKind.NodeUpdated, draft.Order.Now, spec);
        if (action == DriftAction.InventoryUpdated)
            draft.Apply(update);
        else if (!isNewer)
            draft.Assume(update);
    }

    private static InventoryTable Inventories(NodeView node, ObservedNode observed, List<Drift> found)
    {
        var (registered, counted) = (node.Spec.Reported.Inventories, node.Spec.Inventories);
        var kept = new List<KeyValuePair<ResourceClass, Inventory>>();
        for (var i = 0; i < registered.Count; i++)
        {
            var resourceClass = registered.Classes[i];
            if (observed.Inventories.IndexOf(resourceClass) >= 0)
                continue;
            if (!observed.Covers(AuditScopes.Inventories))
            {
                kept.Add(KeyValuePair.Create(resourceClass, registered[i]));
                continue;
            }

            var emptied = registered[i] with { Total = 0, Reserved = 0 };
            var isUsed = counted.IndexOf(resourceClass) is >= 0 and var place && node.Used[place] > 0;
            if (isUsed)
                kept.Add(KeyValuePair.Create(resourceClass, emptied));
            if (!isUsed || registered[i] != emptied)
                found.Add(Changed(DriftText.Of(registered[i]), "none", $"The host has no {resourceClass} any more") with { ResourceClass = resourceClass.Name });
        }

        for (var i = 0; i < observed.Inventories.Count; i++)
        {
            var (resourceClass, seen) = (observed.Inventories.Classes[i], observed.Inventories[i]);
            kept.Add(KeyValuePair.Create(resourceClass, seen));
            var known = registered.IndexOf(resourceClass);
            if (known < 0 || registered[known] != seen)
            {
                var expected = known < 0 ? "none" : DriftText.Of(registered[known]);
                found.Add(Changed(expected, DriftText.Of(seen), $"The host has other {resourceClass}") with { ResourceClass = resourceClass.Name });
            }
        }

        return InventoryTable.From(kept);
    }

    private static NumaTopology? Topology(AuditDraft draft, NumaTopology? registered, List<Drift> found)
    {
        var observed = draft.Observed;
        var seen = observed.Covers(AuditScopes.NumaTopology) || observed.Numa is null || registered is null
            ? observed.Numa
            : HostOrder.Of(new NumaTopology(Overlay(registered.Cells, observed.Numa.Cells, cell => cell.CellId)));
        if (seen == registered || (seen is null && !observed.Covers(AuditScopes.NumaTopology)))
            return registered;

        if (CpuInTwoCells(seen) is { } cpu)
        {
            draft.Add(Changed(
                DriftText.Of(registered), DriftText.Of(observed.Numa),
                $"The cells reported do not go with those registered beside them, for CPU {cpu} would be in two; the whole topology must be told"));
            return registered;
        }

        var differing = (registered?.Cells ?? []).Concat(seen?.Cells ?? []).Select(cell => cell.CellId).Distinct().Order()
            .Where(id => CellOf(registered, id) != CellOf(seen, id));
        found.Add(Changed(
            DriftText.Of(registered), DriftText.Of(seen), $"The host's NUMA topology is another one, in cells {string.Join(", ", differing)}"));
        return seen;
    }

    // A report is whole in itself; one that replaces a part of what is registered need not fit to the rest.
    private static int? CpuInTwoCells(NumaTopology? topology)
    {
        var known = CpuSet.Empty;
        foreach (var cell in topology?.Cells ?? [])
        {
            var cpus = cell.SharedCpus.Union(cell.DedicatedCpus);
            if (known.Overlaps(cpus))
                return known.Intersect(cpus).First();
            known = known.Union(cpus);
        }

        return null;
    }

    private static NumaCell? CellOf(NumaTopology? topology, int cellId) =>
        topology?.IndexOf(cellId) is >= 0 and var place ? topology.Cells[place] : null;

    private static ValueList<Device> Devices(ValueList<Device> registered, ObservedNode observed, List<Drift> found)
    {
        var covers = observed.Covers(AuditScopes.Devices);
        var seen = covers ? observed.Devices : HostOrder.Of(Overlay(registered, observed.Devices, device => device.Address));
        if (seen.Equals(registered))
            return registered;

        var known = registered.ToDictionary(device => device.Address, StringComparer.Ordinal);
        foreach (var device in seen)
        {
            if (!known.Remove(device.Address, out var expected))
                found.Add(Changed("none", DriftText.Of(device), $"The host has a new device {device.Address}") with { DeviceAddress = device.Address });
            else if (expected != device)
                found.Add(Changed(DriftText.Of(expected), DriftText.Of(device), $"Device {device.Address} is another one") with { DeviceAddress = device.Address });
        }

        foreach (var gone in known.Values)
            found.Add(Changed(DriftText.Of(gone), "none", $"The host has no device {gone.Address} any more") with { DeviceAddress = gone.Address });
        return seen;
    }

    // A report that is not complete: what it names replaces what is registered, and what is new comes last.
    private static ValueList<T> Overlay<T, TKey>(ValueList<T> registered, ValueList<T> seen, Func<T, TKey> keyOf)
        where TKey : notnull
    {
        var named = seen.ToDictionary(keyOf);
        var overlaid = registered.Select(item => named.Remove(keyOf(item), out var replaced) ? replaced : item).ToList();
        overlaid.AddRange(seen.Where(item => named.ContainsKey(keyOf(item))));
        return ValueList.From(overlaid);
    }

    private static Drift Changed(string expected, string observed, string sentence) =>
        new(DriftKind.InventoryChanged, DriftAction.Reported, expected, observed, sentence);
}
