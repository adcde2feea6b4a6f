using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Claims;

/// <summary>Which nodes a caller wants considered.</summary>
/// <param name="States">The states; empty for any.</param>
/// <param name="RequiredTraits">Traits the node must have.</param>
/// <param name="ForbiddenTraits">Traits the node must not have.</param>
/// <param name="Labels">Labels the node must carry with these values.</param>
/// <param name="Excluded">Nodes that are left out.</param>
internal sealed record NodeFilterRules(
    IReadOnlySet<NodeState> States,
    ValueList<string> RequiredTraits,
    ValueList<string> ForbiddenTraits,
    ValueList<KeyValuePair<string, string>> Labels,
    IReadOnlySet<NodeId> Excluded)
{
    /// <summary>All nodes.</summary>
    public static NodeFilterRules All { get; } = new(new HashSet<NodeState>(), [], [], [], new HashSet<NodeId>());

    /// <summary>Whether the filter takes the node.</summary>
    public bool Takes(NodeView node)
    {
        if (States.Count > 0 && !States.Contains(node.State))
            return false;
        if (Excluded.Count > 0 && Excluded.Contains(node.Id))
            return false;
        foreach (var trait in RequiredTraits.Span)
        {
            if (!node.Spec.HasTrait(trait))
                return false;
        }

        foreach (var trait in ForbiddenTraits.Span)
        {
            if (node.Spec.HasTrait(trait))
                return false;
        }

        foreach (ref readonly var label in Labels.Span)
        {
            if (!string.Equals(node.Spec.LabelOf(label.Key), label.Value, StringComparison.Ordinal))
                return false;
        }

        return true;
    }

    /// <summary>Why a new claim may not go to the node, before its amounts are looked at.</summary>
    public RefusalReason Refuse(NodeView node) =>
        node.State != NodeState.Enabled ? RefusalReason.NodeNotEnabled
        : !Takes(node) ? RefusalReason.NodeFiltered
        : RefusalReason.None;
}
