using ResourceService.Load.Servers;
using ResourceService.V1;

namespace ResourceService.Load.Checking;

/// <summary>Reads all nodes or all live claims, page after page.</summary>
internal sealed class LedgerListing(NodeService.NodeServiceClient nodes, ClaimService.ClaimServiceClient claims, RetryingCalls calls)
{
    private const int PageSize = 1000;

    public async Task<(IReadOnlyList<Node> Nodes, long Revision)> NodesAsync()
    {
        var all = new List<Node>();
        var request = new ListNodesRequest { PageSize = PageSize };
        while (true)
        {
            var page = await calls.CallAsync(options => nodes.ListNodesAsync(request, options));
            all.AddRange(page.Nodes);
            if (page.NextPageToken.Length == 0)
            {
                return (all, page.Revision);
            }
            request.PageToken = page.NextPageToken;
        }
    }

    public async Task<IReadOnlyList<Claim>> LiveClaimsAsync()
    {
        var all = new List<Claim>();
        var request = new ListClaimsRequest { PageSize = PageSize };
        while (true)
        {
            var page = await calls.CallAsync(options => claims.ListClaimsAsync(request, options));
            all.AddRange(page.Claims);
            if (page.NextPageToken.Length == 0)
            {
                return all;
            }
            request.PageToken = page.NextPageToken;
        }
    }
}
