namespace ResourceService.Server.Tests.Simulation;

/// <summary>What agents and operators do to nodes, audits included.</summary>
internal sealed class NodeSteps(FleetCaller caller)
{
    private FleetModel Model => caller.Model;

    private Random Random => caller.Random;

    public Task RegisterAsync()
    {
        var request = Requests.Node(caller.AnyNode(), vcpus: Random.Next(4, 17));
        request.RequestId = Unique.RequestId();
        var vcpus = request.Inventories["VCPU"].Total;
        return caller.CallAsync("RegisterNode", [], clients => clients.Nodes.RegisterNodeAsync(request).ResponseAsync, _ =>
        {
            if (Model.Nodes.TryGetValue(request.NodeId, out var known))
                known.Vcpus = vcpus;
            else
                Model.Nodes.Add(request.NodeId, new ModelNode(vcpus));
        });
    }

    public Task SetStateAsync()
    {
        // Mostly enabled, or nothing would move.
        var state = Random.Next(3) == 0 ? (NodeState)Random.Next(2, 4) : NodeState.Enabled;
        var request = new SetNodeStateRequest { NodeId = caller.AnyNode(), State = state, RequestId = Unique.RequestId() };
        return caller.CallAsync(
            "SetNodeState", Missing(request.NodeId), clients => clients.Nodes.SetNodeStateAsync(request).ResponseAsync,
            _ => Model.Nodes[request.NodeId].State = state);
    }

    public Task DeleteAsync()
    {
        var request = new DeleteNodeRequest { NodeId = caller.AnyNode(), Force = Random.Next(2) == 0, RequestId = Unique.RequestId() };
        List<string> errors = [.. Missing(request.NodeId)];
        if (!request.Force && Model.Live.Any(claim => claim.Node == request.NodeId))
            errors.Add("NODE_HOLDS_CLAIMS");
        return caller.CallAsync(
            "DeleteNode", errors, clients => clients.Nodes.DeleteNodeAsync(request).ResponseAsync, _ => Model.Delete(request.NodeId));
    }

    /// <summary>A host as the model knows it, with one thing wrong at most: an instance that is gone, one that nobody claimed, or other amounts.</summary>
    public async Task AuditAsync()
    {
        var node = caller.AnyNode();
        if (!Model.Nodes.TryGetValue(node, out var known))
            return;
        var settled = Model.Live.Where(claim => claim.Node == node && claim.State == ClaimState.Active && Model.MoveOf(claim.Instance) is null).ToList();
        var gone = Random.Next(3) == 0 ? caller.Any(settled) : null;
        var changed = gone is null && Random.Next(3) == 0 ? caller.Any(settled) : null;
        var untracked = gone is null && changed is null ? caller.AnyInstance() : null;
        var vcpus = Random.Next(1, 6);
        var heal = Random.Next(4) > 0;
        var request = new AuditNodeRequest
        {
            NodeId = node,
            Mode = heal ? AuditMode.Heal : AuditMode.Report,
            ObservedGeneration = (await caller.ReadAsync(clients => clients.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = node }).ResponseAsync)).Node.Generation,
            Scopes = { AuditScope.Instances },
            RequestId = Unique.RequestId(),
        };
        foreach (var claim in settled.Where(claim => claim != gone))
            request.Instances.Add(Observed(claim.Instance, claim == changed ? vcpus : claim.Vcpus));
        var adopts = untracked is not null && !Model.Holds(untracked) && Model.Used(node) + vcpus <= known.Vcpus;
        if (untracked is not null && !Model.Holds(untracked))
            request.Instances.Add(Observed(untracked, vcpus));

        await caller.CallAsync("AuditNode", [], clients => clients.Audits.AuditNodeAsync(request).ResponseAsync, answer =>
        {
            if (!heal)
                return;
            if (gone is not null)
                gone.State = ClaimState.Released;
            if (changed is not null && (vcpus <= changed.Vcpus || Model.Used(node) - changed.Vcpus + vcpus <= known.Vcpus))
                changed.Vcpus = vcpus;
            if (adopts)
            {
                var adopted = answer.Audit.Drifts.Single(drift => drift.Kind == DriftKind.UntrackedInstance);
                Assert.Equal(DriftAction.InstanceAdopted, adopted.Action);
                Model.Claims.Add(adopted.ClaimId, new ModelClaim(adopted.ClaimId, node, untracked!, vcpus, ClaimRole.Primary) { State = ClaimState.Active });
            }
        });
    }

    private static ObservedInstance Observed(string instance, long vcpus) => new()
    {
        Instance = new Instance { InstanceId = instance },
        Resources = { ["VCPU"] = vcpus, ["MEMORY_MB"] = 512 },
    };

    private string[] Missing(string node) => Model.Nodes.ContainsKey(node) ? [] : ["NODE_NOT_FOUND"];
}
