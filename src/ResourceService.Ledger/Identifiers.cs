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
    private const char Prefix = 'c';

    /// <inheritdoc/>
    public override string ToString() => NumberedId.Write(Prefix, NodeKey, Sequence);

    /// <summary>Reads the text of <see cref="ToString"/>; anything else is no claim id.</summary>
    public static bool TryParse(string text, out ClaimId id)
    {
        var parsed = NumberedId.TryRead(Prefix, text, out var nodeKey, out var sequence);
        id = new ClaimId(nodeKey, sequence);
        return parsed;
    }
}

/// <summary>
/// Names a move by the numbers of its claim on the target: a move has one such claim, and the claim has one move, so that each leads to the
/// other. Callers treat the text as opaque.
/// </summary>
public readonly record struct MigrationId(int NodeKey, long Sequence)
{
    private const char Prefix = 'm';

    /// <summary>The move that a claim on the target belongs to.</summary>
    public static MigrationId Of(ClaimId target) => new(target.NodeKey, target.Sequence);

    /// <inheritdoc/>
    public override string ToString() => NumberedId.Write(Prefix, NodeKey, Sequence);

    /// <summary>Reads the text of <see cref="ToString"/>; anything else is no migration id.</summary>
    public static bool TryParse(string text, out MigrationId id)
    {
        var parsed = NumberedId.TryRead(Prefix, text, out var nodeKey, out var sequence);
        id = new MigrationId(nodeKey, sequence);
        return parsed;
    }
}

/// <summary>Names an audit of a node. <see cref="Sequence"/> alone is unique in a store and rises with time. Callers treat the text as opaque.</summary>
public readonly record struct AuditId(int NodeKey, long Sequence)
{
    private const char Prefix = 'a';

    /// <inheritdoc/>
    public override string ToString() => NumberedId.Write(Prefix, NodeKey, Sequence);

    /// <summary>Reads the text of <see cref="ToString"/>; anything else is no audit id.</summary>
    public static bool TryParse(string text, out AuditId id)
    {
        var parsed = NumberedId.TryRead(Prefix, text, out var nodeKey, out var sequence);
        id = new AuditId(nodeKey, sequence);
        return parsed;
    }
}

/// <summary>The text of ids that are two numbers: a letter for the kind, the node's number and the sequence.</summary>
internal static class NumberedId
{
    public static string Write(char prefix, int nodeKey, long sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}-{nodeKey}-{sequence}");

    public static bool TryRead(char prefix, string text, out int nodeKey, out long sequence)
    {
        (nodeKey, sequence) = (0, 0);
        if (text.Length < 2 || text[0] != prefix || text[1] != '-')
            return false;
        var numbers = text.AsSpan(2);
        var dash = numbers.IndexOf('-');
        return dash >= 0
            && int.TryParse(numbers[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out nodeKey)
            && long.TryParse(numbers[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out sequence)
            // "c-01-2" parses as numbers but is not what the service wrote: one claim has one name.
            && string.Equals(Write(prefix, nodeKey, sequence), text, StringComparison.Ordinal);
    }
}

/// <summary>A moment in whole milliseconds since 1970-01-01T00:00:00Z. The ledger has no clock: moments come in with commands.</summary>
public readonly record struct Instant(long UnixMs) : IComparable<Instant>
{
    /// <inheritdoc/>
    public int CompareTo(Instant other) => UnixMs.CompareTo(other.UnixMs);

    /// <summary>The moment <paramref name="span"/> later, to the millisecond.</summary>
    public Instant Add(TimeSpan span) => new(UnixMs + (long)span.TotalMilliseconds);

    /// <summary>Whether <paramref name="left"/> is the earlier moment.</summary>
    public static bool operator <(Instant left, Instant right) => left.UnixMs < right.UnixMs;

    /// <summary>Whether <paramref name="left"/> is the later moment.</summary>
    public static bool operator >(Instant left, Instant right) => left.UnixMs > right.UnixMs;

    /// <summary>Whether <paramref name="left"/> is not the later moment.</summary>
    public static bool operator <=(Instant left, Instant right) => left.UnixMs <= right.UnixMs;

    /// <summary>Whether <paramref name="left"/> is not the earlier moment.</summary>
    public static bool operator >=(Instant left, Instant right) => left.UnixMs >= right.UnixMs;
}
