namespace ResourceService.Ledger;

/// <summary>
/// A node's inventories, ordered by class name. A class's place in this order is its index in the node's usage: usage is an array beside this
/// table. Immutable and shared by all pictures of the node.
/// </summary>
public sealed class InventoryTable : IEquatable<InventoryTable>
{
    private readonly ResourceClass[] _classes;
    private readonly Inventory[] _inventories;

    private InventoryTable(ResourceClass[] classes, Inventory[] inventories)
    {
        _classes = classes;
        _inventories = inventories;
    }

    /// <summary>No class at all.</summary>
    public static InventoryTable Empty { get; } = new([], []);

    /// <summary>Takes the inventories in any order; no class comes twice.</summary>
    public static InventoryTable From(IEnumerable<KeyValuePair<ResourceClass, Inventory>> inventories)
    {
        var ordered = inventories.OrderBy(pair => pair.Key).ToArray();
        return new InventoryTable([.. ordered.Select(pair => pair.Key)], [.. ordered.Select(pair => pair.Value)]);
    }

    /// <summary>How many classes.</summary>
    public int Count => _classes.Length;

    /// <summary>The classes in order.</summary>
    public ReadOnlySpan<ResourceClass> Classes => _classes;

    /// <summary>The inventory at a place in the order.</summary>
    public Inventory this[int index] => _inventories[index];

    /// <summary>The class's place in the order; -1 when the node has none of it.</summary>
    public int IndexOf(ResourceClass resourceClass)
    {
        // A node has a handful of classes: a walk over short strings beats hashing them.
        for (var i = 0; i < _classes.Length; i++)
        {
            if (_classes[i] == resourceClass)
                return i;
        }

        return -1;
    }

    /// <inheritdoc/>
    public bool Equals(InventoryTable? other) =>
        other is not null && _classes.AsSpan().SequenceEqual(other._classes) && _inventories.AsSpan().SequenceEqual(other._inventories);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as InventoryTable);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var resourceClass in _classes)
            hash.Add(resourceClass);
        return hash.ToHashCode();
    }
}
