using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Claims;

/// <summary>How many nodes refuse a request for each reason and class; a node with several reasons counts once for each.</summary>
internal sealed class RefusalCounts
{
    private readonly Dictionary<(RefusalReason Reason, string Class), int> _counts = [];

    /// <summary>How many nodes were looked at.</summary>
    public int Examined { get; private set; }

    /// <summary>The counts, most frequent first.</summary>
    public IEnumerable<(RefusalReason Reason, string Class, int Nodes)> MostFrequentFirst() =>
        _counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Select(pair => (pair.Key.Reason, pair.Key.Class, pair.Value));

    /// <summary>A node took the request.</summary>
    public void AddFitting() => Examined++;

    /// <summary>A node refused.</summary>
    public void Add(NodeView node, ResourceRequest request, RefusalReason first)
    {
        Examined++;
        if (first is RefusalReason.NodeNotEnabled or RefusalReason.NodeFiltered)
        {
            Count(first, "");
            return;
        }

        // Several host cells may refuse for the same reason: the node counts once.
        var reasons = FitRules.Explain(node, request)
            .Select(dimension => (dimension.Reason, dimension.Reason.SubjectKind() == RefusalSubject.ResourceClass ? dimension.Subject : ""))
            .Distinct();
        foreach (var (reason, resourceClass) in reasons)
            Count(reason, resourceClass);
    }

    private void Count(RefusalReason reason, string resourceClass)
    {
        var key = (reason, resourceClass);
        _counts[key] = _counts.GetValueOrDefault(key) + 1;
    }
}
