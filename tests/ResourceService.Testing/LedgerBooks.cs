namespace ResourceService.Testing;

/// <summary>
/// What a service says it holds, read through its public lists and added up here: the sums are made by the test, not by the service. The
/// service must be quiet while it is read.
/// </summary>
public sealed class LedgerBooks
{
    private LedgerBooks(IReadOnlyList<Node> nodes, IReadOnlyList<Claim> liveClaims, IReadOnlyList<Migration> moves, VerifyLedgerResponse verification)
    {
        Nodes = nodes;
        LiveClaims = liveClaims;
        Moves = moves;
        Verification = verification;
    }

    /// <summary>All nodes.</summary>
    public IReadOnlyList<Node> Nodes { get; }

    /// <summary>All claims that hold something.</summary>
    public IReadOnlyList<Claim> LiveClaims { get; }

    /// <summary>All moves in flight.</summary>
    public IReadOnlyList<Migration> Moves { get; }

    /// <summary>What the service finds when it verifies itself.</summary>
    public VerifyLedgerResponse Verification { get; }

    /// <summary>Reads everything, page by page.</summary>
    public static async Task<LedgerBooks> ReadAsync(ServiceClients clients)
    {
        ArgumentNullException.ThrowIfNull(clients);
        var nodes = new List<Node>();
        for (var request = new ListNodesRequest { PageSize = 1000 }; ;)
        {
            var page = await clients.Nodes.ListNodesAsync(request);
            nodes.AddRange(page.Nodes);
            request.PageToken = page.NextPageToken;
            if (request.PageToken.Length == 0)
                break;
        }

        var claims = new List<Claim>();
        for (var request = new ListClaimsRequest { PageSize = 1000 }; ;)
        {
            var page = await clients.Claims.ListClaimsAsync(request);
            claims.AddRange(page.Claims);
            request.PageToken = page.NextPageToken;
            if (request.PageToken.Length == 0)
                break;
        }

        var moves = new List<Migration>();
        for (var request = new ListMigrationsRequest { PageSize = 1000 }; ;)
        {
            var page = await clients.Migrations.ListMigrationsAsync(request);
            moves.AddRange(page.Migrations);
            request.PageToken = page.NextPageToken;
            if (request.PageToken.Length == 0)
                break;
        }

        return new LedgerBooks(nodes, claims, moves, await clients.Audits.VerifyLedgerAsync(new VerifyLedgerRequest()));
    }

    /// <summary>Everything that does not balance, in words; nothing when all is well.</summary>
    public IEnumerable<string> Imbalances()
    {
        foreach (var node in Nodes)
        {
            var claims = LiveClaims.Where(claim => claim.NodeId == node.NodeId).ToList();
            if (claims.Count != node.ClaimCount)
                yield return $"{node.NodeId}: claim_count is {node.ClaimCount}, but it has {claims.Count} live claims";
            foreach (var (resourceClass, usage) in node.Usage)
            {
                var sum = claims.Sum(claim => claim.Resources.TryGetValue(resourceClass, out var amount) ? amount : 0);
                if (usage.Used != sum)
                    yield return $"{node.NodeId}: {resourceClass} used is {usage.Used}, but its claims add up to {sum}";
                // What hosts were seen to run is beyond what they can be promised; what was admitted is not.
                var observed = claims.Where(claim => claim.Role == ClaimRole.Observed)
                    .Sum(claim => claim.Resources.TryGetValue(resourceClass, out var amount) ? amount : 0);
                if (usage.Used - observed > usage.Capacity)
                    yield return $"{node.NodeId}: {resourceClass} used is {usage.Used} of {usage.Capacity}, {observed} of it by observed claims";
                if (usage.Free != usage.Capacity - usage.Used)
                    yield return $"{node.NodeId}: {resourceClass} free is {usage.Free}, not {usage.Capacity} - {usage.Used}";
            }
        }

        foreach (var twice in LiveClaims.GroupBy(claim => (claim.Instance.InstanceId, claim.Role, claim.Role == ClaimRole.Observed ? claim.NodeId : "")).Where(group => group.Count() > 1))
            yield return $"{twice.Key.InstanceId} holds {twice.Count()} claims that are {twice.Key.Role}";
        var targets = LiveClaims.Where(claim => claim.Role == ClaimRole.MoveTarget).Select(claim => claim.ClaimId).Order(StringComparer.Ordinal);
        if (!targets.SequenceEqual(Moves.Select(move => move.TargetClaimId).Order(StringComparer.Ordinal), StringComparer.Ordinal))
            yield return $"{Moves.Count} moves are in flight, but the targets that are held are {string.Join(", ", targets)}";
        foreach (var difference in Verification.Differences)
            yield return $"VerifyLedger: {difference}";
    }
}
