namespace ResourceService.Ledger.Nodes;

/// <summary>What an owner sets of one class's inventory. Null leaves a field to others: to another owner, to what the node reports, or to its default.</summary>
public sealed record InventoryFields(long? Total, long? Reserved, double? AllocationRatio, long? MinUnit, long? MaxUnit, long? StepSize)
{
    /// <summary>Nothing.</summary>
    public static InventoryFields None { get; } = new(null, null, null, null, null, null);

    /// <summary>Which fields are set.</summary>
    public InventoryField Set =>
        (Total is null ? InventoryField.None : InventoryField.Total)
        | (Reserved is null ? InventoryField.None : InventoryField.Reserved)
        | (AllocationRatio is null ? InventoryField.None : InventoryField.AllocationRatio)
        | (MinUnit is null ? InventoryField.None : InventoryField.MinUnit)
        | (MaxUnit is null ? InventoryField.None : InventoryField.MaxUnit)
        | (StepSize is null ? InventoryField.None : InventoryField.StepSize);

    /// <summary>With what another owner sets beside it. No field is set by both.</summary>
    public InventoryFields With(InventoryFields other) => new(
        Total ?? other.Total, Reserved ?? other.Reserved, AllocationRatio ?? other.AllocationRatio, MinUnit ?? other.MinUnit, MaxUnit ?? other.MaxUnit,
        StepSize ?? other.StepSize);

    /// <summary>Without some fields.</summary>
    public InventoryFields Without(InventoryField fields) => new(
        fields.HasFlag(InventoryField.Total) ? null : Total,
        fields.HasFlag(InventoryField.Reserved) ? null : Reserved,
        fields.HasFlag(InventoryField.AllocationRatio) ? null : AllocationRatio,
        fields.HasFlag(InventoryField.MinUnit) ? null : MinUnit,
        fields.HasFlag(InventoryField.MaxUnit) ? null : MaxUnit,
        fields.HasFlag(InventoryField.StepSize) ? null : StepSize);

    /// <summary>Which fields are set here to something else than there.</summary>
    public InventoryField DifferentFrom(InventoryFields other) =>
        (Total is null || Total == other.Total ? InventoryField.None : InventoryField.Total)
        | (Reserved is null || Reserved == other.Reserved ? InventoryField.None : InventoryField.Reserved)
        | (AllocationRatio is null || AllocationRatio == other.AllocationRatio ? InventoryField.None : InventoryField.AllocationRatio)
        | (MinUnit is null || MinUnit == other.MinUnit ? InventoryField.None : InventoryField.MinUnit)
        | (MaxUnit is null || MaxUnit == other.MaxUnit ? InventoryField.None : InventoryField.MaxUnit)
        | (StepSize is null || StepSize == other.StepSize ? InventoryField.None : InventoryField.StepSize);
}

/// <summary>Fields of an inventory.</summary>
[Flags]
public enum InventoryField
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><see cref="Inventory.Total"/>.</summary>
    Total = 1,

    /// <summary><see cref="Inventory.Reserved"/>.</summary>
    Reserved = 2,

    /// <summary><see cref="Inventory.AllocationRatio"/>.</summary>
    AllocationRatio = 4,

    /// <summary><see cref="Inventory.MinUnit"/>.</summary>
    MinUnit = 8,

    /// <summary><see cref="Inventory.MaxUnit"/>.</summary>
    MaxUnit = 16,

    /// <summary><see cref="Inventory.StepSize"/>.</summary>
    StepSize = 32,
}

/// <summary>How fields are named to people and programs: as the contract names them.</summary>
public static class InventoryFieldNames
{
    private static readonly (InventoryField Field, string Name)[] _names =
    [
        (InventoryField.Total, "total"),
        (InventoryField.Reserved, "reserved"),
        (InventoryField.AllocationRatio, "allocation_ratio"),
        (InventoryField.MinUnit, "min_unit"),
        (InventoryField.MaxUnit, "max_unit"),
        (InventoryField.StepSize, "step_size"),
    ];

    /// <summary>The paths of some fields of a class, for example <c>inventories[VCPU].reserved</c>.</summary>
    public static IEnumerable<string> Of(ResourceClass resourceClass, InventoryField fields) =>
        _names.Where(named => fields.HasFlag(named.Field)).Select(named => $"inventories[{resourceClass}].{named.Name}");
}
