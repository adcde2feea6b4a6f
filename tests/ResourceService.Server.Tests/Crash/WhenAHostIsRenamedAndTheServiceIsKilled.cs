namespace ResourceService.Server.Tests.Crash;

public sealed class WhenAHostIsRenamedAndTheServiceIsKilled(ITestOutputHelper output)
{
    private const int KillCount = 8;

    [Fact]
    public async Task All_of_it_has_the_new_id_or_none_and_a_retry_finishes_it()
    {
        var seed = Seed.Choose();
        output.WriteLine(Seed.Describe(seed));
        var random = new Random(seed);
        using var directory = new TemporaryDirectory();
        var (from, to) = ("host-a", "host-b");
        var claims = new List<string>();
        RenameNodeRequest? underWay = null;
        var renames = 0;
        for (var kill = 0; kill <= KillCount; kill++)
        {
            await using var service = await ServiceProcess.StartAsync(directory.Path);
            var clients = service.Clients;
            if (kill == 0)
            {
                await clients.Nodes.RegisterNodeAsync(Requests.Node(from));
                for (var i = 0; i < 5; i++)
                    claims.Add((await clients.Claims.ClaimInstanceAsync(Requests.Claim(from))).Claim.ClaimId);
            }
            else
            {
                // Whatever became of the rename under way, everything stands under one id.
                var nodes = (await clients.Nodes.ListNodesAsync(new ListNodesRequest())).Nodes;
                var node = Assert.Single(nodes);
                Assert.Contains(node.NodeId, new[] { from, to });
                var found = (await clients.Claims.ListClaimsAsync(new ListClaimsRequest())).Claims;
                Assert.Equal(claims.Order(), found.Select(claim => claim.ClaimId).Order());
                Assert.All(found, claim => Assert.Equal(node.NodeId, claim.NodeId));
                await Expect.BalancedBooksAsync(clients);
                var retried = await clients.Nodes.RenameNodeAsync(underWay!);
                Assert.Equal((to, claims.Count), (retried.Node.NodeId, retried.Node.ClaimCount));
                (from, to) = (to, from);
            }

            var life = Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 120)));
            var (sent, lastFrom, lastTo) = (0, from, to);
            var renaming = Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        underWay = new RenameNodeRequest { NodeId = from, NewNodeId = to, RequestId = Unique.RequestId() };
                        (lastFrom, lastTo) = (from, to);
                        await clients.Nodes.RenameNodeAsync(underWay);
                        sent++;
                        (from, to) = (to, from);
                    }
                }
                catch (RpcException)
                {
                    // Killed: the last one is in doubt.
                }
            });
            await life;
            await service.KillHardAsync();
            await renaming;
            (from, to) = (lastFrom, lastTo);
            renames += sent;
        }

        output.WriteLine($"{renames} renames were acknowledged");
        Assert.True(renames > KillCount, $"only {renames} renames were acknowledged: this tests nothing");
    }
}
