namespace ResourceService.Ledger.Nodes;

/// <summary>
/// Lays what owners set above what a node reports. The outcome always keeps the rules of a report, whatever the layers say: an agent reports without
/// regard to owners, so what the report makes impossible is limited here, and told as a <see cref="FieldLimit"/>, until the report allows it again.
///
/// Example: the report says MEMORY_MB total 1000, an owner reserves 600, and the host loses a module, total 500: 500 are reserved and nothing can be
/// promised. Had the owner let go, the report's own reserved would count again.
/// </summary>
public static class FieldOverlay
{
    /// <summary>The node as it counts.</summary>
    /// <param name="reported">What its agent reported; has no layers of its own.</param>
    /// <param name="owners">What owners set, as in <see cref="SpecLayers"/>.</param>
    public static NodeSpec Of(NodeSpec reported, ValueList<OwnedFields> owners)
    {
        Invariant.Require(reported.Layers is null, "layers lie above a report");
        if (owners.Count == 0)
            return reported;
        return reported with
        {
            Inventories = InventoryTable.From(Classes(reported, owners)
                .Select(resourceClass => KeyValuePair.Create(resourceClass, Lay(reported, owners, resourceClass).Inventory!))
                .Where(item => item.Value is not null)),
            Traits = ValueList.From(reported.Traits.Concat(owners.SelectMany(owner => owner.Traits)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)),
            Labels = Labels(reported, owners),
            Layers = new SpecLayers(reported, owners),
        };
    }

    /// <summary>What of the layers has not its full effect.</summary>
    public static IEnumerable<FieldLimit> Limits(NodeSpec reported, ValueList<OwnedFields> owners) =>
        Classes(reported, owners).Select(resourceClass => Lay(reported, owners, resourceClass).Limits).SelectMany(limits => limits);

    private static IEnumerable<ResourceClass> Classes(NodeSpec reported, ValueList<OwnedFields> owners) =>
        reported.Inventories.Classes.ToArray().Concat(owners.SelectMany(owner => owner.Inventories.Select(item => item.Key))).Distinct();

    // The labels of owners cover those of the report; among owners a key comes once.
    private static ValueList<KeyValuePair<string, string>> Labels(NodeSpec reported, ValueList<OwnedFields> owners) => ValueList.From(
        owners.SelectMany(owner => owner.Labels).Concat(reported.Labels).DistinctBy(label => label.Key, StringComparer.Ordinal)
            .OrderBy(label => label.Key, StringComparer.Ordinal));

    private static (Inventory? Inventory, IReadOnlyList<FieldLimit> Limits) Lay(
        NodeSpec reported, ValueList<OwnedFields> owners, ResourceClass resourceClass)
    {
        var place = reported.Inventories.IndexOf(resourceClass);
        var below = place < 0 ? null : reported.Inventories[place];
        var set = owners.Aggregate(InventoryFields.None, (all, owner) => all.With(owner.Of(resourceClass)));
        if (set.Set == InventoryField.None)
            return (below, []);
        if ((set.Total ?? below?.Total) is not { } total)
        {
            return (null, [new FieldLimit(
                resourceClass, set.Set, set.Set, $"the node has no {resourceClass}: it reports none, and no owner sets a total of it")]);
        }

        var limits = new List<FieldLimit>();
        var reserved = set.Reserved ?? below?.Reserved ?? 0;
        if (reserved > total)
        {
            limits.Add(new FieldLimit(
                resourceClass, InventoryField.Reserved, InventoryField.Total | InventoryField.Reserved, $"reserved is {reserved}, above the total of {total}"));
            reserved = total;
        }

        var (min, max) = Units(resourceClass, below, set, total, limits);
        return (new Inventory(total, reserved, set.AllocationRatio ?? below?.AllocationRatio ?? 1.0, min, max, set.StepSize ?? below?.StepSize ?? 1), limits);
    }

    // The side that the report says stands; where owners say both they agreed when the later of them was set.
    private static (long Min, long Max) Units(ResourceClass resourceClass, Inventory? below, InventoryFields set, long total, List<FieldLimit> limits)
    {
        var min = set.MinUnit ?? below?.MinUnit ?? 1;
        // A report that says nothing else allows all of it to one claim: so does one whose total an owner sets.
        var all = Math.Max(min, total);
        var max = set.MaxUnit ?? (below is null || below.MaxUnit == Math.Max(below.MinUnit, below.Total) ? all : below.MaxUnit);
        if (min <= max)
            return (min, max);

        var limited = set.MinUnit is null ? InventoryField.MaxUnit : InventoryField.MinUnit;
        limits.Add(new FieldLimit(
            resourceClass, limited, InventoryField.MinUnit | InventoryField.MaxUnit, $"min_unit is {min}, above the max_unit of {max}"));
        return limited == InventoryField.MaxUnit ? (min, min) : (max, max);
    }
}

/// <summary>Fields of a class that have not their full effect.</summary>
/// <param name="Class">The class.</param>
/// <param name="Limited">The fields that are limited, or without any effect.</param>
/// <param name="Involved">The fields of which any could be set otherwise to lift it.</param>
/// <param name="Reason">Why, in a clause for people.</param>
public sealed record FieldLimit(ResourceClass Class, InventoryField Limited, InventoryField Involved, string Reason);
