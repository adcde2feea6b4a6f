using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Candidates;

/// <summary>
/// How many nodes refuse a request for each reason and class. A node that the filter or its state leaves out counts once; another counts once
/// for each of its reasons. What a node lacks inside, in NUMA cells and devices, is looked at only where traits and amounts suffice.
/// </summary>
public sealed class RefusalCounts
{
    private readonly Dictionary<(RefusalReason Reason, string Class), int> _counts = [];

    /// <summary>How many nodes were looked at, those that fit included.</summary>
    public int Examined { get; private set; }

    /// <summary>The counts, most frequent first.</summary>
    public IEnumerable<(RefusalReason Reason, string Class, int Nodes)> MostFrequentFirst() =>
        _counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Select(pair => (pair.Key.Reason, pair.Key.Class, pair.Value));

    /// <summary>Nodes were looked at.</summary>
    internal void Examine(int nodes) => Examined += nodes;

    /// <summary>Nodes refused for this reason.</summary>
    internal void Add(RefusalReason reason, string subject, int nodes)
    {
        if (nodes == 0)
            return;
        var key = (reason, subject);
        _counts[key] = _counts.GetValueOrDefault(key) + nodes;
    }

    /// <summary>One node refused for all of these.</summary>
    internal void Add(ValueList<RefusedDimension> refused)
    {
        foreach (var key in refused.Select(dimension => (dimension.Reason, ClassOf(dimension))).Distinct())
            Add(key.Reason, key.Item2, 1);
    }

    private static string ClassOf(RefusedDimension dimension) =>
        dimension.Reason.SubjectKind() == RefusalSubject.ResourceClass ? dimension.Subject : "";
}
