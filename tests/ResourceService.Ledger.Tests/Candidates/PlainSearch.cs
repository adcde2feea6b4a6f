using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Tests.Candidates;

/// <summary>What a search must find, the slow and obvious way: the predicate on every picture, and all that fit in order.</summary>
internal sealed class PlainSearch
{
    private PlainSearch(IReadOnlyList<NodeView> fitting, IReadOnlyDictionary<(RefusalReason Reason, string Class), int> refusals, int examined)
    {
        Fitting = fitting;
        Refusals = refusals;
        Examined = examined;
    }

    public IReadOnlyList<NodeView> Fitting { get; }

    public IReadOnlyDictionary<(RefusalReason Reason, string Class), int> Refusals { get; }

    public int Examined { get; }

    public static PlainSearch Run(IEnumerable<NodeView> nodes, CandidateQuery query)
    {
        var only = query.Filter.Only;
        var registered = nodes.Where(node => node.Exists && (only.Count == 0 || only.Contains(node.Id))).ToList();
        var reasons = registered.ToDictionary(node => node, node => Reasons(node, query).Distinct().ToList());
        var sign = query.Strategy == Strategy.Spread ? -1 : 1;
        return new PlainSearch(
            [.. registered.Where(node => reasons[node].Count == 0).OrderBy(node => sign * ShareLeft(node, query.Request.Amounts)).ThenBy(node => node.NodeKey)],
            reasons.Values.SelectMany(ofNode => ofNode).CountBy(reason => reason).ToDictionary(pair => pair.Key, pair => pair.Value),
            registered.Count);
    }

    private static IEnumerable<(RefusalReason Reason, string Class)> Reasons(NodeView node, CandidateQuery query)
    {
        if (node.State != NodeState.Enabled)
            return [(RefusalReason.NodeNotEnabled, "")];
        if (!query.Filter.Takes(node))
            return [(RefusalReason.NodeFiltered, "")];
        return FitRules.Explain(node, query.Request).Select(
            refused => (refused.Reason, refused.Reason.SubjectKind() == RefusalSubject.Trait ? "" : refused.Subject));
    }

    private static double ShareLeft(NodeView node, ResourceAmounts amounts)
    {
        var left = 0.0;
        foreach (var (asked, amount) in amounts)
        {
            var place = node.Spec.Inventories.IndexOf(asked);
            left += (node.FreeAt(place) - amount) * (1.0 / node.Spec.Inventories[place].Capacity);
        }

        return left;
    }
}
