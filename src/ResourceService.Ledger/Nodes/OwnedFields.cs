namespace ResourceService.Ledger.Nodes;

/// <summary>What one owner set of a node, above what its agent reports. An owner sets all of it at once: what it leaves out it lets go of.</summary>
/// <param name="Owner">The owner's name.</param>
/// <param name="Actor">The caller who set it last.</param>
/// <param name="Time">When it was set last.</param>
/// <param name="Inventories">Fields of inventories; ordered by class, each with at least one field.</param>
/// <param name="Traits">Traits; ordered, each once.</param>
/// <param name="Labels">Labels; ordered by key.</param>
public sealed record OwnedFields(
    string Owner,
    string Actor,
    Instant Time,
    ValueList<KeyValuePair<ResourceClass, InventoryFields>> Inventories,
    ValueList<string> Traits,
    ValueList<KeyValuePair<string, string>> Labels)
{
    /// <summary>Whether nothing is set.</summary>
    public bool IsEmpty => Inventories.Count == 0 && Traits.Count == 0 && Labels.Count == 0;

    /// <summary>Whether the same is set, whoever set it when.</summary>
    public bool SetsTheSameAs(OwnedFields other) =>
        Inventories.Equals(other.Inventories) && Traits.Equals(other.Traits) && Labels.Equals(other.Labels);

    /// <summary>What is set of a class.</summary>
    public InventoryFields Of(ResourceClass resourceClass)
    {
        foreach (ref readonly var item in Inventories.Span)
        {
            if (item.Key == resourceClass)
                return item.Value;
        }

        return InventoryFields.None;
    }

    /// <summary>What is set here and by another owner too, of what only one can set. Traits never are: several may set the same.</summary>
    public IEnumerable<string> ConflictsWith(OwnedFields other) => Inventories
        .SelectMany(item => InventoryFieldNames.Of(item.Key, item.Value.Set & other.Of(item.Key).Set))
        .Concat(Labels.Select(label => label.Key).Intersect(other.Labels.Select(label => label.Key), StringComparer.Ordinal).Select(key => $"labels[{key}]"));

    /// <summary>Without what another owner takes over.</summary>
    public OwnedFields Without(OwnedFields taken) => this with
    {
        Inventories = ValueList.From(Inventories
            .Select(item => KeyValuePair.Create(item.Key, item.Value.Without(taken.Of(item.Key).Set)))
            .Where(item => item.Value.Set != InventoryField.None)),
        Labels = ValueList.From(Labels.Where(label => !taken.Labels.Any(other => string.Equals(other.Key, label.Key, StringComparison.Ordinal)))),
    };
}

/// <summary>What a node's spec is made of, where owners set something of it.</summary>
/// <param name="Base">What the node's agent reported.</param>
/// <param name="Owners">What owners set above it; ordered by owner, none empty, and no two set the same field of a class or the same label.</param>
public sealed record SpecLayers(NodeSpec Base, ValueList<OwnedFields> Owners);
