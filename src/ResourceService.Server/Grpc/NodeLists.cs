using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.History;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Lists nodes. By id a page goes on behind the id that it ended with; in another order it is chosen anew among all nodes, so that nothing is kept
/// between two pages.
/// </summary>
internal sealed class NodeLists(NodeDirectory nodes, LedgerHistory history)
{
    // Writes a place in an order as text: "0/KEY/ID", or "1/0/ID" for a node that lacks the key.
    private const char Separator = '/';

    /// <summary>A page of nodes.</summary>
    public V1.ListNodesResponse List(V1.ListNodesRequest request, CancellationToken cancellation)
    {
        var violations = new FieldViolations();
        var filter = ResourceRequests.Read(request.Filter, violations);
        var conditions = NodeQuestions.Conditions(request.Usage, violations);
        var order = NodeQuestions.Order(request.Order, violations);
        var detail = violations.Enum("detail", request.Detail, required: false);
        var parts = NodeParts.Read(request.ReadMask, detail == V1.NodeDetail.Full ? NodeParts.Full : NodeParts.Basic, violations);
        var pageSize = violations.PageSize("page_size", request.PageSize);
        violations.ThrowIfAny();

        // Pages of one list share the revision of the first, which travels in the token before the place of the last node.
        var list = new V1.ListNodesRequest(request) { PageSize = 0, PageToken = "" };
        var position = PageTokens.ReadPair(list, request.PageToken);
        var response = new V1.ListNodesResponse { Revision = position?.Number ?? history.LastRevision };
        var after = position?.Tail;
        var found = (order is null ? ById(filter, after) : Views(filter))
            .Where(node => node.Exists && filter.Takes(node) && conditions.All(condition => condition.Holds(node)));
        if (order is not null)
            found = order.First(found, after is null ? null : ReadPlace(after), pageSize + 1);
        if (Pages.Fill(response.Nodes, found, pageSize, node => ContractMapping.ToContract(node, parts), cancellation) is { } last)
            response.NextPageToken = PageTokens.Write(list, $"{response.Revision}/{(order is null ? last.Id.Value : Write(order.RankOf(last)))}");
        return response;
    }

    private IEnumerable<NodeView> ById(NodeFilterRules filter, string? after)
    {
        var last = new NodeId(after ?? "");
        return Views(filter).Where(node => node.Id > last);
    }

    // Where nodes are named, no others are looked at.
    private IEnumerable<NodeView> Views(NodeFilterRules filter) => nodes.Among(filter.Only).Select(worker => worker.View);

    private static string Write(NodeRank place) => $"{(place.LacksKey ? 1 : 0)}{Separator}{place.Key}{Separator}{place.Id}";

    private static NodeRank ReadPlace(string text)
    {
        var parts = text.Split(Separator);
        return parts.Length == 3 && long.TryParse(parts[1], out var key)
            ? new NodeRank(parts[0] == "1", key, new NodeId(parts[2]))
            : throw RpcErrors.InvalidPageToken().ToException();
    }
}
