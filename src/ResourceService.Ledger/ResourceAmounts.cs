using System.Collections;
using System.Runtime.CompilerServices;

namespace ResourceService.Ledger;

/// <summary>How much of one class.</summary>
public readonly record struct ResourceAmount(ResourceClass Class, long Amount);

/// <summary>
/// How much of each class, ordered by class name, each class once, every amount at least 1. Immutable: claims of one
/// flavor can share one object.
/// </summary>
public sealed class ResourceAmounts : IReadOnlyList<ResourceAmount>, IEquatable<ResourceAmounts>
{
    private readonly ResourceAmount[] _items;
    private string? _text;

    private ResourceAmounts(ResourceAmount[] items) => _items = items;

    /// <summary>Nothing of any class.</summary>
    public static ResourceAmounts Empty { get; } = new([]);

    /// <summary>Takes amounts in any order. The caller has checked that no class comes twice and every amount is positive.</summary>
    public static ResourceAmounts From(IEnumerable<ResourceAmount> amounts)
    {
        var items = amounts.ToArray();
        Array.Sort(items, static (left, right) => left.Class.CompareTo(right.Class));
        for (var i = 0; i < items.Length; i++)
        {
            Invariant.Require(items[i].Amount > 0, "every amount is positive");
            Invariant.Require(i == 0 || items[i - 1].Class < items[i].Class, "each class comes once");
        }

        return items.Length == 0 ? Empty : new ResourceAmounts(items);
    }

    /// <summary>The positive ones of some amounts, given beside their classes in class order.</summary>
    internal static ResourceAmounts Positive(ReadOnlySpan<ResourceClass> classes, ReadOnlySpan<long> amounts)
    {
        var positive = 0;
        foreach (var amount in amounts)
            positive += amount > 0 ? 1 : 0;
        if (positive == 0)
            return Empty;

        var items = new ResourceAmount[positive];
        for (int i = 0, next = 0; i < amounts.Length; i++)
        {
            if (amounts[i] > 0)
                items[next++] = new ResourceAmount(classes[i], amounts[i]);
        }

        return new ResourceAmounts(items);
    }

    /// <inheritdoc/>
    public int Count => _items.Length;

    /// <inheritdoc/>
    public ResourceAmount this[int index] => _items[index];

    /// <summary>The amounts without a copy or an enumerator.</summary>
    public ReadOnlySpan<ResourceAmount> Span => _items;

    /// <summary>How much of <paramref name="resourceClass"/>; 0 when it is not named.</summary>
    public long Of(ResourceClass resourceClass)
    {
        foreach (ref readonly var item in Span)
        {
            if (item.Class == resourceClass)
                return item.Amount;
        }

        return 0;
    }

    /// <summary>The amounts as a JSON object, <c>{"MEMORY_MB":2048,"VCPU":2}</c>. Class names need no escaping.</summary>
    public override string ToString()
    {
        if (_text is { } known)
            return known;
        var text = new DefaultInterpolatedStringHandler(0, 0, null, stackalloc char[256]);
        text.AppendLiteral("{");
        for (var i = 0; i < _items.Length; i++)
        {
            text.AppendLiteral(i == 0 ? "\"" : ",\"");
            text.AppendLiteral(_items[i].Class.Name);
            text.AppendLiteral("\":");
            text.AppendFormatted(_items[i].Amount);
        }

        text.AppendLiteral("}");
        return _text = text.ToStringAndClear();
    }

    /// <inheritdoc/>
    public bool Equals(ResourceAmounts? other) => other is not null && (ReferenceEquals(this, other) || Span.SequenceEqual(other.Span));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ResourceAmounts);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (ref readonly var item in Span)
            hash.Add(item);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<ResourceAmount> GetEnumerator() => ((IEnumerable<ResourceAmount>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _items.GetEnumerator();
}
