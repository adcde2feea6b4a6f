namespace ResourceService.Server.Tests.Simulation;

/// <summary>What agents and operators do to nodes.</summary>
internal sealed class NodeSteps(FleetCaller caller)
{
    private FleetModel Model => caller.Model;

    private Random Random => caller.Random;

    public Task RegisterAsync()
    {
        var (node, vcpus) = (caller.AnyNode(), Random.Next(4, 17));
        var request = SimulatedHost.Registration(node, vcpus);
        return caller.CallAsync(
            "RegisterNode", [], clients => clients.Nodes.RegisterNodeAsync(request).ResponseAsync, _ => Model.Register(node, vcpus));
    }

    /// <summary>Two owners reserve vCPUs above what the agent reports.</summary>
    public Task UpdateAsync()
    {
        var request = new UpdateNodeRequest
        {
            NodeId = caller.AnyNode(),
            Owner = Random.Next(2) == 0 ? "ops" : "cyborg",
            Force = Random.Next(2) == 0,
            RequestId = Unique.RequestId(),
        };
        var vcpus = Math.Max(0, Random.Next(-4, 7));
        if (vcpus > 0)
            request.Inventories.Add("VCPU", new InventoryFields { Reserved = vcpus });
        List<string> errors = [.. Missing(request.NodeId)];
        if (Model.Nodes.TryGetValue(request.NodeId, out var node) && vcpus > 0)
        {
            if (node.Owner is not null && node.Owner != request.Owner && !request.Force)
                errors.Add("FIELD_OWNED");
            if (vcpus > node.Reported && (node.Owner != request.Owner || node.Reserved != vcpus))
                errors.Add("OUTCOME_INVALID");
        }

        return caller.CallAsync(
            "UpdateNode", errors, clients => clients.Nodes.UpdateNodeAsync(request).ResponseAsync,
            answer =>
            {
                Model.Reserve(request.NodeId, request.Owner, vcpus);
                Assert.Equal(Model.Nodes[request.NodeId].Owner is { } owner ? [owner] : [], answer.Node.FieldOwners.Select(item => item.Owner));
            });
    }

    public Task RenameAsync()
    {
        var from = caller.AnyNode();
        var to = caller.Any(caller.Nodes.Where(name => name != from))!;
        var request = new RenameNodeRequest { NodeId = from, NewNodeId = to, RequestId = Unique.RequestId() };
        List<string> errors = [.. Missing(from)];
        if (Model.On(to).Any(claim => claim.Role != ClaimRole.Observed))
            errors.Add("NODE_HOLDS_CLAIMS");
        return caller.CallAsync(
            "RenameNode", errors, clients => clients.Nodes.RenameNodeAsync(request).ResponseAsync,
            answer =>
            {
                Model.Rename(from, to);
                Assert.Equal((to, Model.On(to).Count()), (answer.Node.NodeId, answer.Node.ClaimCount));
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

    private string[] Missing(string node) => Model.Nodes.ContainsKey(node) ? [] : ["NODE_NOT_FOUND"];
}
