using System.Collections.Concurrent;
using ResourceService.Ledger.Candidates;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Claims;

/// <summary>The choice lists of the queries that come again and again: instances come in few sizes.</summary>
internal sealed class ChoiceLists(CandidateFinder finder, NodeDirectory nodes, FleetServices fleet)
{
    // A list is some tens of kilobytes. When there are more queries than this, all lists are forgotten: those in use are soon back.
    private const int ListsMax = 256;

    private readonly ConcurrentDictionary<CandidateQuery, ChoiceList> _lists = new();

    /// <summary>The list of a query. Those that take or exclude nodes by name hardly come again: theirs are not kept.</summary>
    public ChoiceList Of(CandidateQuery query)
    {
        if (_lists.TryGetValue(query, out var known))
            return known;
        var list = new ChoiceList(query, finder, nodes, fleet.Candidates);
        if (query.Filter.Excluded.Count > 0 || query.Filter.Only.Count > 0)
            return list;
        if (_lists.Count >= ListsMax)
            _lists.Clear();
        return _lists.GetOrAdd(query, list);
    }
}
