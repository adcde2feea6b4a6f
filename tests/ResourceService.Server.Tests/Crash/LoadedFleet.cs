namespace ResourceService.Server.Tests.Crash;

/// <summary>A small, crowded fleet, callers who keep it busy, and what must be true of it after every restart.</summary>
internal sealed class LoadedFleet
{
    private const int ClientCount = 12;
    private const int NodeCount = 6;

    private static readonly string[] _nodeIds = [.. Enumerable.Range(1, NodeCount).Select(i => $"node-{i}")];

    private readonly LoadClient[] _clients;

    public LoadedFleet(int seed) => _clients = [.. Enumerable.Range(0, ClientCount).Select(i => new LoadClient(seed + i, _nodeIds))];

    /// <summary>How many calls were acknowledged so far.</summary>
    public int AcknowledgedCount => _clients.Sum(client => client.AcknowledgedCount);

    /// <summary>Registers the nodes: together too small for all.</summary>
    public static async Task RegisterAsync(ServiceClients clients)
    {
        foreach (var nodeId in _nodeIds)
            await clients.Nodes.RegisterNodeAsync(Requests.Node(nodeId, vcpus: 40));
    }

    /// <summary>All callers call until they are cut off.</summary>
    public Task RunAsync(ServiceClients clients) => Task.WhenAll(_clients.Select(client => client.RunAsync(clients)));

    /// <summary>Compares a restarted service with the callers' books.</summary>
    public async Task VerifyAsync(ServiceClients clients)
    {
        var recovered = await LedgerBooks.ReadAsync(clients);
        Assert.Empty(recovered.Imbalances());
        AssertNothingAcknowledgedIsLost(recovered);

        foreach (var client in _clients)
            await client.ResolveAsync(clients);
        foreach (var client in _clients)
            await client.RepeatAsync(clients, 25);

        var resolved = await LedgerBooks.ReadAsync(clients);
        Assert.Empty(resolved.Imbalances());
        AssertHolds(resolved, _ => true);
    }

    // Calls that were cut off may have gone either way; everything else is known.
    private void AssertNothingAcknowledgedIsLost(LedgerBooks recovered)
    {
        var inDoubt = _clients.SelectMany(client => client.InDoubt).ToHashSet();
        AssertHolds(recovered, instance => !inDoubt.Contains(instance));
    }

    // The claims and the moves of some instances are those that the callers know of, and no others.
    private void AssertHolds(LedgerBooks books, Func<string, bool> ofInstance)
    {
        Assert.Equal(Claims(_clients.SelectMany(client => client.LiveClaims)), Claims(books.LiveClaims));
        Assert.Equal(Moves(_clients.SelectMany(client => client.Moves)), Moves(books.Moves));

        IEnumerable<string> Claims(IEnumerable<Claim> claims) =>
            claims.Where(claim => ofInstance(claim.Instance.InstanceId)).Select(Describe).Order(StringComparer.Ordinal);

        IEnumerable<string> Moves(IEnumerable<Migration> moves) =>
            moves.Where(move => ofInstance(move.InstanceId)).Select(move => move.ToString()).Order(StringComparer.Ordinal);
    }

    private static string Describe(Claim claim) =>
        $"{claim.Instance.InstanceId} {claim.ClaimId} on {claim.NodeId} {claim.Role} {claim.State} "
        + string.Join(' ', claim.Resources.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));
}
