using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Nodes;

/// <summary>What a node is: what its agent reports, and what owners set above that. Immutable and compared by content, so that registering the same again changes nothing.</summary>
/// <param name="Id">The node.</param>
/// <param name="Inventories">What it has, by class.</param>
/// <param name="Numa">Its NUMA cells; null when the host reports none.</param>
/// <param name="Devices">Its PCI devices in the order of <see cref="HostOrder"/>; the order decides ties.</param>
/// <param name="Traits">What it can do; ordered, each once.</param>
/// <param name="Labels">What operators say of it; ordered by key.</param>
public sealed record NodeSpec(
    NodeId Id,
    InventoryTable Inventories,
    NumaTopology? Numa,
    ValueList<Device> Devices,
    ValueList<string> Traits,
    ValueList<KeyValuePair<string, string>> Labels)
{
    /// <summary>The most classes that a report may have.</summary>
    public const int ClassesMax = 256;

    /// <summary>The most traits that a report may have.</summary>
    public const int TraitsMax = 1000;

    /// <summary>The most labels that a report may have.</summary>
    public const int LabelsMax = 64;

    /// <summary>What it is made of; null where owners set nothing, and it is the report.</summary>
    public SpecLayers? Layers { get; init; }

    /// <summary>What the agent reported.</summary>
    public NodeSpec Reported => Layers?.Base ?? this;

    /// <summary>What owners set above the report; ordered by owner.</summary>
    public ValueList<OwnedFields> Owners => Layers?.Owners ?? [];

    /// <summary>A node of which nothing is known yet.</summary>
    public static NodeSpec Unknown(NodeId id) => new(id, InventoryTable.Empty, null, [], [], []);

    /// <summary>Whether the node has the trait.</summary>
    public bool HasTrait(string trait)
    {
        foreach (var owned in Traits.Span)
        {
            if (string.Equals(owned, trait, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    /// <summary>The label's value; null when the node does not carry it.</summary>
    public string? LabelOf(string key)
    {
        foreach (ref readonly var label in Labels.Span)
        {
            if (string.Equals(label.Key, key, StringComparison.Ordinal))
                return label.Value;
        }

        return null;
    }
}
