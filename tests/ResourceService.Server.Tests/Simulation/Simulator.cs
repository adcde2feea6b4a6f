namespace ResourceService.Server.Tests.Simulation;

/// <summary>Chooses what happens next in a simulated fleet, and compares everything that the service holds with the model.</summary>
internal sealed class Simulator(FleetCaller caller)
{
    private readonly NodeSteps _nodes = new(caller);
    private readonly ClaimSteps _claims = new(caller);
    private readonly MoveSteps _moves = new(caller);

    /// <summary>Makes one random call, whose answer must be the model's.</summary>
    public Task StepAsync() => caller.Random.Next(100) switch
    {
        < 3 => _nodes.RegisterAsync(),
        < 6 => _nodes.SetStateAsync(),
        < 7 => _nodes.DeleteAsync(),
        < 23 => _claims.ClaimAsync(),
        < 27 => _claims.ClaimManyAsync(),
        < 41 => _claims.ConfirmAsync(),
        < 45 => _claims.RenewOrAbortAsync(),
        < 52 => _claims.ReleaseAsync(),
        < 56 => _claims.UpdateInstanceAsync(),
        < 72 => _moves.BeginAsync(),
        < 90 => _moves.GoOnAsync(),
        < 94 => _nodes.AuditAsync(),
        _ => caller.RepeatAsync(),
    };

    /// <summary>Compares everything that the service holds with the model.</summary>
    public async Task CompareAsync()
    {
        var model = caller.Model;
        model.Forget();
        var books = await caller.ReadAsync(LedgerBooks.ReadAsync);
        Assert.Equal(0, books.Verification.DifferenceCount);
        Assert.Equal(
            model.Live.Select(claim => (claim.Id, claim.Node, claim.Instance, claim.Vcpus, claim.Role, claim.State)).Order(),
            books.LiveClaims.Select(claim => (claim.ClaimId, claim.NodeId, claim.Instance.InstanceId, claim.Resources["VCPU"], claim.Role, claim.State)).Order());
        Assert.Equal(
            model.Moves.Values.Where(move => move.InFlight).Select(move => (move.Id, move.Instance, move.State)).Order(),
            books.Moves.Select(move => (move.MigrationId, move.InstanceId, move.State)).Order());
        Assert.Equal(
            model.Nodes.Select(node => (node.Key, node.Value.Vcpus, node.Value.State, model.Used(node.Key))).Order(),
            books.Nodes.Select(node => (node.NodeId, node.Usage["VCPU"].Capacity, node.State, node.Usage["VCPU"].Used)).Order());
    }
}
