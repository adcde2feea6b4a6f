namespace ResourceService.Server.Tests.Contention;

/// <summary>64 clients send exactly as many claims as there is room for, on a fleet of which each node has a little room left.</summary>
public sealed class WhenTheFleetIsNearlyFull(UndisturbedService service) : IClassFixture<UndisturbedService>
{
    private const int ClientCount = 64;
    private const int NodeCount = 24;
    private const int VcpusPerNode = 16;

    private readonly ServiceClients _clients = service.Clients;

    [Fact]
    public async Task Claims_without_a_node_use_all_room_and_none_is_sent_twice()
    {
        var (zone, room) = await PrepareAsync();

        // Both strategies at once, with and without a filter: the nodes of other tests are full.
        await Task.WhenAll(Enumerable.Range(0, ClientCount).Select(client => ForEachClaimAsync(room, client, async i =>
        {
            var request = i % 2 == 0 ? Requests.ClaimAmong(zone) : Requests.Claim();
            request.Strategy = client % 2 == 0 ? PlacementStrategy.Spread : PlacementStrategy.Pack;
            await _clients.Claims.ClaimInstanceAsync(request);
        })));

        await ExpectFullAsync(zone);
    }

    [Fact]
    public async Task Asking_for_candidates_and_claiming_on_them_uses_all_room_as_well()
    {
        var (zone, room) = await PrepareAsync();

        await Task.WhenAll(Enumerable.Range(0, ClientCount).Select(client => ForEachClaimAsync(room, client, async _ =>
        {
            while (!await TryFindAndClaimAsync(zone))
            {
                // Others took all the candidates in between. There is room as long as this claim has none.
            }
        })));

        await ExpectFullAsync(zone);
    }

    [Fact]
    public async Task Room_that_is_made_while_others_claim_is_used_as_well()
    {
        var (zone, room) = await PrepareAsync();
        var claims = new System.Collections.Concurrent.ConcurrentBag<Claim>();

        // Every second claim is released again, and its room claimed anew by the same client: there is room for it at every moment.
        await Task.WhenAll(Enumerable.Range(0, ClientCount).Select(client => ForEachClaimAsync(room, client, async i =>
        {
            var claim = (await _clients.Claims.ClaimInstanceAsync(Requests.ClaimAmong(zone))).Claim;
            if (i % 2 == 0)
            {
                await _clients.Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });
                claim = (await _clients.Claims.ClaimInstanceAsync(Requests.ClaimAmong(zone))).Claim;
            }

            claims.Add(claim);
        })));

        Assert.Equal(room, claims.Count);
        await ExpectFullAsync(zone);
    }

    // Nodes in a zone of their own, each with a claim that leaves 0 to 15 VCPUs free: 180 in all.
    private async Task<(string Zone, int Room)> PrepareAsync()
    {
        var zone = Unique.Id("zone");
        var room = 0;
        for (var i = 0; i < NodeCount; i++)
        {
            var node = Requests.Node(vcpus: VcpusPerNode);
            node.Labels.Add("zone", zone);
            await _clients.Nodes.RegisterNodeAsync(node);
            var free = i % VcpusPerNode;
            await _clients.Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId, vcpus: VcpusPerNode - free));
            room += free;
        }

        return (zone, room);
    }

    // The claims of one of the clients: all of them together make each claim once.
    private static async Task ForEachClaimAsync(int count, int client, Func<int, Task> claim)
    {
        for (var i = client; i < count; i += ClientCount)
            await claim(i / ClientCount);
    }

    private async Task<bool> TryFindAndClaimAsync(string zone)
    {
        var found = await _clients.Nodes.FindCandidatesAsync(new FindCandidatesRequest { Resources = Requests.Resources(), Filter = Requests.InZone(zone) });
        Assert.NotEmpty(found.Candidates);
        foreach (var candidate in found.Candidates)
        {
            try
            {
                await _clients.Claims.ClaimInstanceAsync(Requests.Claim(candidate.NodeId));
                return true;
            }
            catch (RpcException cause) when (cause.StatusCode == StatusCode.ResourceExhausted)
            {
                // Someone else was faster.
            }
        }

        return false;
    }

    private async Task ExpectFullAsync(string zone)
    {
        var books = await LedgerBooks.ReadAsync(_clients);
        Assert.Empty(books.Imbalances());
        Assert.All(books.Nodes, node => Assert.Equal(0, node.Usage["VCPU"].Free));

        // One claim more is refused, and every node is counted: those of the zone lack room, the filter leaves out the others.
        var error = await Expect.ErrorAsync(
            _clients.Claims.ClaimInstanceAsync(Requests.ClaimAmong(zone)), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");
        Assert.Equal(books.Nodes.Count, error.Summary!.ExaminedNodeCount);
        var filtered = books.Nodes.Count - NodeCount;
        RefusalCount[] expected =
        [
            new() { Reason = RefusalReason.CapacityExceeded, ResourceClass = "VCPU", NodeCount = NodeCount },
            new() { Reason = RefusalReason.NodeFiltered, NodeCount = filtered },
        ];
        Assert.Equal(expected.Where(count => count.NodeCount > 0).ToHashSet(), error.Summary.Refusals.ToHashSet());
    }
}
