using System.Globalization;

namespace ResourceService.Ledger;

/// <summary>Names a compute node: 1 to 255 characters of letters, digits, '.', '_', ':' and '-'.</summary>
public readonly record struct NodeId(string Value) : IComparable<NodeId>
{
    /// <inheritdoc/>
    public int CompareTo(NodeId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Compares two ids in ordinal order.</summary>
    public static bool operator <(NodeId left, NodeId right) => left.CompareTo(right) < 0;

    /// <summary>Compares two ids in ordinal order.</summary>
    public static bool operator >(NodeId left, NodeId right) => left.CompareTo(right) > 0;

    /// <summary>Compares two ids in ordinal order.</summary>
    public static bool operator <=(NodeId left, NodeId right) => left.CompareTo(right) <= 0;

    /// <summary>Compares two ids in ordinal order.</summary>
    public static bool operator >=(NodeId left, NodeId right) => left.CompareTo(right) >= 0;
}

/// <summary>Names an instance, the workload that holds resources. Same characters as a <see cref="NodeId"/>.</summary>
public readonly record struct InstanceId(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>
/// Names a claim. The number of its node is part of the id, so a claim is found without an index of all claims;
/// <see cref="Sequence"/> alone is unique in a store and rises with time. Callers treat the text as opaque.
/// </summary>
public readonly record struct ClaimId(int NodeKey, long Sequence)
{
    private const string Prefix = "c-";

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{NodeKey}-{Sequence}");

    /// <summary>Reads the text of <see cref="ToString"/>; anything else is no claim id.</summary>
    public static bool TryParse(string text, out ClaimId id)
    {
        id = default;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        var numbers = text.AsSpan(Prefix.Length);
        var dash = numbers.IndexOf('-');
        if (dash < 0
            || !int.TryParse(numbers[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var nodeKey)
            || !long.TryParse(numbers[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
            return false;
        id = new ClaimId(nodeKey, sequence);
        // "c-01-2" parses as numbers but is not what the service wrote: one claim has one name.
        return string.Equals(id.ToString(), text, StringComparison.Ordinal);
    }
}

/// <summary>A moment in whole milliseconds since 1970-01-01T00:00:00Z. The ledger has no clock: moments come in with commands.</summary>
public readonly record struct Instant(long UnixMs) : IComparable<Instant>
{
    /// <inheritdoc/>
    public int CompareTo(Instant other) => UnixMs.CompareTo(other.UnixMs);

    /// <summary>The moment <paramref name="span"/> later, to the millisecond.</summary>
    public Instant Add(TimeSpan span) => new(checked(UnixMs + (long)span.TotalMilliseconds));

    /// <summary>Whether <paramref name="left"/> is the earlier moment.</summary>
    public static bool operator <(Instant left, Instant right) => left.UnixMs < right.UnixMs;

    /// <summary>Whether <paramref name="left"/> is the later moment.</summary>
    public static bool operator >(Instant left, Instant right) => left.UnixMs > right.UnixMs;

    /// <summary>Whether <paramref name="left"/> is not the later moment.</summary>
    public static bool operator <=(Instant left, Instant right) => left.UnixMs <= right.UnixMs;

    /// <summary>Whether <paramref name="left"/> is not the earlier moment.</summary>
    public static bool operator >=(Instant left, Instant right) => left.UnixMs >= right.UnixMs;
}
