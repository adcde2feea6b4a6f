using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Soaking;

/// <summary>What is read beside the changes, and the reports of agents. While others change the same nodes nothing of it can be compared with books.</summary>
internal sealed class SoakReads(SoakClients clients, SoakFleet fleet, RandomSequence random)
{
    private const int CandidatesMax = 5;

    public async Task NodeAsync() => await GetNodeAsync(fleet.PickNode(random));

    public async Task CandidatesAsync()
    {
        var request = new FindCandidatesRequest { Resources = new ResourceRequest(), Limit = CandidatesMax };
        foreach (var (resourceClass, amount) in SoakFleet.PickFlavor(random))
        {
            request.Resources.Resources[resourceClass] = amount;
        }
        var answer = await clients.CallAsync(options => clients.Nodes.FindCandidatesAsync(request, options));
        WrongAnswerException.Require(answer.Candidates.Count <= CandidatesMax, $"{answer.Candidates.Count} candidates, {CandidatesMax} were asked for");
    }

    /// <summary>Reports the instances that the node is said to have.</summary>
    public async Task AuditAsync(string requestId)
    {
        var node = await GetNodeAsync(fleet.PickNode(random));
        var listing = new ListClaimsRequest { NodeId = node.NodeId, States = { ClaimState.Active }, PageSize = 1000 };
        var listed = await clients.CallAsync(options => clients.Claims.ListClaimsAsync(listing, options));
        var report = new AuditNodeRequest { NodeId = node.NodeId, ObservedGeneration = node.Generation, Mode = AuditMode.Report, RequestId = requestId };
        report.Instances.Add(listed.Claims.Select(claim => new ObservedInstance { Instance = claim.Instance, Resources = { claim.Resources } }));
        await clients.CallAsync(options => clients.Audits.AuditNodeAsync(report, options));
    }

    private async Task<Node> GetNodeAsync(string nodeId)
    {
        var answer = await clients.CallAsync(options => clients.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = nodeId }, options));
        foreach (var (resourceClass, usage) in answer.Node.Usage)
        {
            WrongAnswerException.Require(usage.Used <= usage.Capacity, $"{nodeId} {resourceClass}: {usage.Used} used of {usage.Capacity}");
        }
        return answer.Node;
    }
}
