namespace ResourceService.Server.Tests;

/// <summary>A test of what callers of the shared service see.</summary>
public abstract class ServiceTest(SharedService service)
{
    protected ServiceClients Clients => service.Clients;

    protected NodeService.NodeServiceClient Nodes => Clients.Nodes;

    protected ClaimService.ClaimServiceClient Claims => Clients.Claims;

    protected ResizeService.ResizeServiceClient Resizes => Clients.Resizes;

    protected MigrationService.MigrationServiceClient Migrations => Clients.Migrations;

    protected AuditService.AuditServiceClient Audits => Clients.Audits;

    /// <summary>Registers a node of this test's own and gives it as the service has it.</summary>
    protected async Task<Node> RegisterAsync(long vcpus = 8, long memoryMb = 1_000_000) =>
        (await Nodes.RegisterNodeAsync(Requests.Node(vcpus: vcpus, memoryMb: memoryMb))).Node;

    /// <summary>Registers nodes of different sizes that share a label, and gives the label.</summary>
    protected async Task<(string Zone, IReadOnlyList<Node> Nodes)> RegisterZoneAsync(params long[] vcpus)
    {
        var zone = Unique.Id("zone");
        var nodes = new List<Node>();
        foreach (var count in vcpus)
        {
            var request = Requests.Node(vcpus: count);
            request.Labels.Add("zone", zone);
            nodes.Add((await Nodes.RegisterNodeAsync(request)).Node);
        }

        return (zone, nodes);
    }

    protected async Task<Node> GetAsync(string nodeId) => (await Nodes.GetNodeAsync(new GetNodeRequest { NodeId = nodeId })).Node;

    protected async Task<long> UsedAsync(string nodeId, string resourceClass = "VCPU") => (await GetAsync(nodeId)).Usage[resourceClass].Used;

    /// <summary>Makes a claim on a node.</summary>
    protected async Task<Claim> ClaimAsync(string nodeId, long vcpus = 1, string? instanceId = null) =>
        (await Claims.ClaimInstanceAsync(Requests.Claim(nodeId, instanceId, vcpus))).Claim;

    protected async Task<Claim> GetClaimAsync(string claimId) => (await Claims.GetClaimAsync(new GetClaimRequest { ClaimId = claimId })).Claim;

    /// <summary>The history of a node, oldest first.</summary>
    protected async Task<IReadOnlyList<Event>> EventsAsync(string nodeId) =>
        (await Audits.ListEventsAsync(new ListEventsRequest { NodeId = nodeId, PageSize = 1000 })).Events;
}
