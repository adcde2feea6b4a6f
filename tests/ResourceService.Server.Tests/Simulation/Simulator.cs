namespace ResourceService.Server.Tests.Simulation;

/// <summary>Chooses what happens next in a simulated fleet, and compares everything that the service holds with the model.</summary>
internal sealed class Simulator(FleetCaller caller)
{
    private readonly NodeSteps _nodes = new(caller);
    private readonly ClaimSteps _claims = new(caller);
    private readonly MoveSteps _moves = new(caller);
    private readonly AuditSteps _audits = new(caller);
    private readonly LeaseSteps _leases = new(caller);

    /// <summary>Makes one random call, whose answer must be the model's.</summary>
    public Task StepAsync() => caller.Random.Next(100) switch
    {
        < 2 => _nodes.RegisterAsync(),
        < 3 => _nodes.UpdateAsync(),
        < 4 => _nodes.RenameAsync(),
        < 6 => _nodes.SetStateAsync(),
        < 7 => _nodes.DeleteAsync(),
        < 23 => _claims.ClaimAsync(),
        < 27 => _claims.ClaimManyAsync(),
        < 41 => _claims.ConfirmAsync(),
        < 45 => _claims.RenewOrAbortAsync(),
        < 52 => _claims.ReleaseAsync(),
        < 56 => _claims.UpdateInstanceAsync(),
        < 72 => _moves.BeginAsync(),
        < 89 => _moves.GoOnAsync(),
        < 95 => _audits.AuditAsync(),
        _ => caller.RepeatAsync(),
    };

    /// <summary>Lets leases end.</summary>
    public Task ExpireAsync() => _leases.ExpireAsync();

    /// <summary>Compares the nodes with the model: what they have, what is used of it, and who owns which CPUs and devices.</summary>
    public async Task CompareNodesAsync()
    {
        var model = caller.Model;
        var listed = await caller.ReadAsync(
            clients => clients.Nodes.ListNodesAsync(new ListNodesRequest { PageSize = 1000, Detail = NodeDetail.Full }).ResponseAsync);
        Assert.Equal(model.Nodes.Keys.Order(StringComparer.Ordinal), listed.Nodes.Select(node => node.NodeId));
        foreach (var node in listed.Nodes)
        {
            var (known, claims) = (model.Nodes[node.NodeId], model.On(node.NodeId).ToList());
            Assert.Equal(
                (known.State, known.Vcpus, model.Used(node.NodeId).Vcpus, claims.Count),
                (node.State, node.Usage["VCPU"].Capacity, node.Usage["VCPU"].Used, node.ClaimCount));
            Assert.Equal(claims.SelectMany(claim => claim.Cpus).Order(), node.NumaUsage[0].PinnedCpus);
            Assert.Equal(
                claims.SelectMany(claim => claim.Devices.Select(address => (address, claim.Id))).Order(),
                node.Devices.Where(device => device.State == DeviceState.Claimed).Select(device => (device.Address, device.ClaimId)).Order());
        }
    }

    /// <summary>Compares everything that the service holds with the model.</summary>
    public async Task CompareAsync()
    {
        var model = caller.Model;
        model.Forget();
        var books = await caller.ReadAsync(LedgerBooks.ReadAsync);
        Assert.Equal(0, books.Verification.DifferenceCount);
        Assert.Equal(
            model.Live.Select(claim => (claim.Id, claim.Node, claim.Instance, claim.Vcpus, claim.Role, claim.State)).Order(),
            books.LiveClaims.Select(claim => (claim.ClaimId, claim.NodeId, claim.Instance.InstanceId, claim.Resources.GetValueOrDefault("VCPU"), claim.Role, claim.State)).Order());
        Assert.Equal(
            model.Moves.Values.Where(move => move.InFlight).Select(move => (move.Id, move.Instance, move.State)).Order(),
            books.Moves.Select(move => (move.MigrationId, move.InstanceId, move.State)).Order());
    }
}
