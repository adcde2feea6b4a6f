using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Claims;

/// <summary>Reads claims: live ones from memory, ended ones from the store.</summary>
internal sealed class ClaimQueries(NodeDirectory nodes, FleetServices fleet, IClaimReader reader)
{
    /// <summary>A claim in any state; null when there never was one.</summary>
    public V1.Claim? Find(ClaimId id)
    {
        if (nodes.Find(id.NodeKey) is not { } worker)
            return null;
        var node = worker.View;
        var claim = node.Claims.GetValueOrDefault(id.Sequence) ?? reader.FindClaim(id.Sequence);
        return claim is null || claim.Id != id ? null : ContractMapping.ToContract(claim, node.Id, nodes.MigrationOf(claim));
    }

    /// <summary>A page of claims.</summary>
    public V1.ListClaimsResponse List(V1.ListClaimsRequest request, CancellationToken cancellation)
    {
        var violations = new FieldViolations();
        violations.OptionalId("node_id", request.NodeId);
        violations.OptionalId("instance_id", request.InstanceId);
        violations.OptionalId("project_id", request.ProjectId);
        violations.CountAtMost("states", request.States.Count, 16);
        for (var i = 0; i < Math.Min(request.States.Count, 16); i++)
            violations.Enum($"states[{i}]", request.States[i], required: true);
        var pageSize = violations.PageSize("page_size", request.PageSize);
        ReadOwned(request, violations);
        violations.ThrowIfAny();

        var list = new V1.ListClaimsRequest(request) { PageSize = 0, PageToken = "" };
        var after = PageTokens.ReadNumber(list, request.PageToken);
        var response = new V1.ListClaimsResponse();
        if (Pages.Fill(response.Claims, Select(request, after, pageSize + 1), pageSize, ToContract, cancellation) is { } last)
            response.NextPageToken = PageTokens.Write(list, last.Id.Sequence.ToString());
        return response;
    }

    // What is owned is owned on a node, and numbers and addresses are a node's own.
    private static void ReadOwned(V1.ListClaimsRequest request, FieldViolations violations)
    {
        if (request.HasHostCpu)
        {
            violations.Between("host_cpu", request.HostCpu, 0, NodeSpecs.CpuMax);
            if (request.NodeId.Length == 0)
                violations.Add("host_cpu", "needs node_id: a CPU's number is its node's");
        }

        if (request.DeviceAddress.Length == 0)
            return;
        NodeSpecs.Address("device_address", request.DeviceAddress, violations);
        if (request.NodeId.Length == 0)
            violations.Add("device_address", "needs node_id: a device's address is its node's");
    }

    private V1.Claim ToContract(Claim claim) =>
        ContractMapping.ToContract(claim, nodes.Find(claim.Id.NodeKey)!.View.Id, nodes.MigrationOf(claim));

    private IEnumerable<Claim> Select(V1.ListClaimsRequest request, long after, int limit)
    {
        var worker = request.NodeId.Length == 0 ? null : nodes.FindEverRegistered(new NodeId(request.NodeId));
        if (request.NodeId.Length > 0 && worker is null)
            return [];
        var states = request.States.Count == 0
            ? [ClaimState.Held, ClaimState.Active]
            : request.States.Select(state => Enum.Parse<ClaimState>(state.ToString())).ToHashSet();
        var ownsWhatIsAsked = Owning(request);
        if (ownsWhatIsAsked is not null)
            states = states.Where(state => state.IsLive()).ToHashSet();
        var filter = new ClaimFilter(states, worker?.View.NodeKey, OrNull(request.InstanceId), OrNull(request.ProjectId));
        // Ended claims are only in the store. Live ones are there as well, but memory answers for a node or an instance without a scan.
        if (!states.All(state => state.IsLive()) || (worker is null && filter.InstanceId is null))
            return reader.ListClaims(filter, after, limit);

        var live = filter.InstanceId is { } instance ? OfInstance(new InstanceId(instance)) : worker!.View.Claims.Values;
        return live
            .Where(claim => claim.Id.Sequence > after && states.Contains(claim.State)
                && (worker is null || claim.Id.NodeKey == worker.View.NodeKey)
                && (filter.ProjectId is null || string.Equals(claim.Instance.ProjectId, filter.ProjectId, StringComparison.Ordinal))
                && ownsWhatIsAsked?.Invoke(claim) != false)
            .Take(limit);
    }

    // Whether a live claim owns the CPU and the device asked for; null when neither is asked for.
    private static Func<Claim, bool>? Owning(V1.ListClaimsRequest request)
    {
        if (!request.HasHostCpu && request.DeviceAddress.Length == 0)
            return null;
        var address = DeviceAddress.Canonical(request.DeviceAddress);
        return claim => (!request.HasHostCpu || CpuOwner.Owns(claim, request.HostCpu))
            && (address.Length == 0 || claim.Assignment.Devices.Any(device => string.Equals(device.Address, address, StringComparison.Ordinal)));
    }

    private IEnumerable<Claim> OfInstance(InstanceId instance)
    {
        fleet.Instances.TryFind(instance, out var held);
        foreach (var id in held.Claims().Concat(fleet.Instances.ObservedOf(instance)).OrderBy(id => id.Sequence))
        {
            if (nodes.Find(id.NodeKey)!.View.Claims.TryGetValue(id.Sequence, out var claim))
                yield return claim;
        }
    }

    private static string? OrNull(string text) => text.Length == 0 ? null : text;
}
