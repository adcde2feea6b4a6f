using Google.Protobuf.Collections;
using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Grpc;

/// <summary>What owners set of nodes: reads it from a request, checking every field, and shows it.</summary>
internal static class NodeFields
{
    /// <summary>What an owner is to set; meaningless after a violation.</summary>
    public static OwnedFields Read(V1.UpdateNodeRequest message, string actor, FieldViolations violations)
    {
        violations.CountAtMost("inventories", message.Inventories.Count, NodeSpec.ClassesMax);
        var inventories = message.Inventories.Take(NodeSpec.ClassesMax).Select(pair => KeyValuePair.Create(
            ResourceRequests.Class("inventories", pair.Key, violations), Read(pair.Value, $"inventories[{pair.Key}]", violations)));
        return new OwnedFields(
            violations.RequiredId("owner", message.Owner),
            actor,
            default,
            ValueList.From(inventories.OrderBy(item => item.Key)),
            ResourceRequests.Traits("traits", message.Traits, violations, NodeSpec.TraitsMax),
            ResourceRequests.Labels("labels", message.Labels, violations));
    }

    /// <summary>What all owners set of a node, and what of it has not its full effect.</summary>
    public static void Add(RepeatedField<V1.FieldOwner> target, NodeSpec spec)
    {
        if (spec.Owners.Count == 0)
            return;
        var limits = FieldOverlay.Limits(spec.Reported, spec.Owners).ToList();
        target.Add(spec.Owners.Select(owner => ToContract(owner, limits)));
    }

    /// <summary>What those owners set, before or after a change, whom it concerned.</summary>
    public static void AddDifferent(RepeatedField<V1.FieldOwner> target, NodeSpec spec, NodeSpec other) =>
        target.Add(spec.Owners.Except(other.Owners).Select(owner => ToContract(owner, [])));

    private static V1.FieldOwner ToContract(OwnedFields owner, IReadOnlyList<FieldLimit> limits)
    {
        var message = new V1.FieldOwner { Owner = owner.Owner, Actor = owner.Actor, UpdateTime = ContractMapping.ToContract(owner.Time) };
        foreach (var (resourceClass, fields) in owner.Inventories)
            message.Inventories.Add(resourceClass.Name, ToContract(fields));
        message.Traits.Add(owner.Traits);
        foreach (var (key, value) in owner.Labels)
            message.Labels.Add(key, value);
        message.LimitedFields.Add(limits.SelectMany(limit => InventoryFieldNames.Of(limit.Class, limit.Limited & owner.Of(limit.Class).Set)));
        return message;
    }

    private static V1.InventoryFields ToContract(InventoryFields fields)
    {
        var message = new V1.InventoryFields();
        if (fields.Total is { } total)
            message.Total = total;
        if (fields.Reserved is { } reserved)
            message.Reserved = reserved;
        if (fields.AllocationRatio is { } ratio)
            message.AllocationRatio = ratio;
        if (fields.MinUnit is { } min)
            message.MinUnit = min;
        if (fields.MaxUnit is { } max)
            message.MaxUnit = max;
        if (fields.StepSize is { } step)
            message.StepSize = step;
        return message;
    }

    private static InventoryFields Read(V1.InventoryFields message, string field, FieldViolations violations)
    {
        var fields = new InventoryFields(
            message.HasTotal ? violations.Between($"{field}.total", message.Total, 0, NodeSpecs.UnitMax) : null,
            message.HasReserved
                ? violations.Between($"{field}.reserved", message.Reserved, 0, message.HasTotal ? Math.Max(0, message.Total) : NodeSpecs.UnitMax)
                : null,
            message.HasAllocationRatio ? NodeSpecs.Ratio($"{field}.allocation_ratio", message.AllocationRatio, violations) : null,
            message.HasMinUnit ? violations.Between($"{field}.min_unit", message.MinUnit, 1, NodeSpecs.UnitMax) : null,
            message.HasMaxUnit
                ? violations.Between($"{field}.max_unit", message.MaxUnit, message.HasMinUnit ? Math.Max(1, message.MinUnit) : 1, NodeSpecs.UnitMax)
                : null,
            message.HasStepSize ? violations.Between($"{field}.step_size", message.StepSize, 1, NodeSpecs.UnitMax) : null);
        if (fields.Set == InventoryField.None)
            violations.Add(field, "must set at least one field; leave the class out to set nothing of it");
        return fields;
    }
}
