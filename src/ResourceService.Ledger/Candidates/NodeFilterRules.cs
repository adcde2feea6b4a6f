using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

/// <summary>Which nodes a caller wants considered. Compared by content.</summary>
/// <param name="States">The states; empty for any.</param>
/// <param name="RequiredTraits">Traits the node must have.</param>
/// <param name="ForbiddenTraits">Traits the node must not have.</param>
/// <param name="Labels">Labels the node must carry with these values.</param>
/// <param name="Excluded">Nodes that are left out.</param>
public sealed record NodeFilterRules(
    IReadOnlySet<NodeState> States,
    ValueList<string> RequiredTraits,
    ValueList<string> ForbiddenTraits,
    ValueList<KeyValuePair<string, string>> Labels,
    IReadOnlySet<NodeId> Excluded)
{
    /// <summary>All nodes.</summary>
    public static NodeFilterRules All { get; } = new(new HashSet<NodeState>(), [], [], [], new HashSet<NodeId>());

    /// <summary>Sets of traits, of each of which the node must have one.</summary>
    public ValueList<ValueList<string>> AnyOfTraits { get; init; } = [];

    /// <summary>The only nodes that are considered; empty for all.</summary>
    public IReadOnlySet<NodeId> Only { get; init; } = new HashSet<NodeId>();

    /// <summary>Whether the filter takes the node.</summary>
    public bool Takes(NodeView node) =>
        (Only.Count == 0 || Only.Contains(node.Id))
        && TakesState(node.State)
        && (Excluded.Count == 0 || !Excluded.Contains(node.Id))
        && TakesTraits(node.Spec.Traits)
        && TakesLabels(node.Spec);

    /// <summary>Whether the filter takes nodes in this state.</summary>
    public bool TakesState(NodeState state) => States.Count == 0 || States.Contains(state);

    /// <summary>Whether the filter takes nodes with these traits.</summary>
    public bool TakesTraits(ValueList<string> traits)
    {
        foreach (var trait in RequiredTraits.Span)
        {
            if (!traits.Span.Contains(trait))
                return false;
        }

        foreach (var trait in ForbiddenTraits.Span)
        {
            if (traits.Span.Contains(trait))
                return false;
        }

        return HasOneOfEach(traits, AnyOfTraits);
    }

    /// <summary>Whether one trait of each set is among some.</summary>
    public static bool HasOneOfEach(ValueList<string> traits, ValueList<ValueList<string>> sets)
    {
        foreach (var set in sets.Span)
        {
            if (!traits.Span.ContainsAny(set.Span))
                return false;
        }

        return true;
    }

    /// <summary>Whether the node carries the labels.</summary>
    public bool TakesLabels(NodeSpec node)
    {
        foreach (ref readonly var label in Labels.Span)
        {
            if (!string.Equals(node.LabelOf(label.Key), label.Value, StringComparison.Ordinal))
                return false;
        }

        return true;
    }

    /// <summary>Why a new claim may not go to the node, before its amounts are looked at.</summary>
    public RefusalReason Refuse(NodeView node) =>
        node.State != NodeState.Enabled ? RefusalReason.NodeNotEnabled
        : !Takes(node) ? RefusalReason.NodeFiltered
        : RefusalReason.None;

    /// <inheritdoc/>
    public bool Equals(NodeFilterRules? other) =>
        other is not null
        && (ReferenceEquals(this, other)
            || (RequiredTraits.Equals(other.RequiredTraits)
                && ForbiddenTraits.Equals(other.ForbiddenTraits)
                && AnyOfTraits.Equals(other.AnyOfTraits)
                && Labels.Equals(other.Labels)
                && States.SetEquals(other.States)
                && Excluded.SetEquals(other.Excluded)
                && Only.SetEquals(other.Only)));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(RequiredTraits, ForbiddenTraits, AnyOfTraits, Labels, States.Count, Excluded.Count, Only.Count);
}
