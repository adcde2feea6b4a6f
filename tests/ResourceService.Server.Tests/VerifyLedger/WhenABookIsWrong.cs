using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Server.Tests.VerifyLedger;

public sealed class WhenABookIsWrong
{
    [Fact]
    public async Task A_statistic_that_is_not_what_the_claims_add_up_to_is_a_difference()
    {
        using var directory = new TemporaryDirectory();
        await using var service = await ServiceProcess.StartAsync(directory.Path);
        var clients = service.Clients;
        var node = Requests.Node();
        await clients.Nodes.RegisterNodeAsync(node);
        await clients.Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId, "active"));
        await clients.Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId, "building"));
        await clients.Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = "active", VmState = "active" });
        await Expect.SoundLedgerAsync(clients);

        // A stranger writes into the database of the running service.
        await using (var other = new SqliteConnection($"Data Source={directory.Below("ledger.db")};Pooling=False"))
        {
            await other.ExecuteAsync(
                "UPDATE claims SET attributes = (SELECT attributes FROM claims WHERE instance_id = 'active') WHERE instance_id = 'building'");
        }

        var found = (await clients.Audits.VerifyLedgerAsync(new VerifyLedgerRequest())).Differences;

        Assert.Equal(
            [
                ("instances in state \"active\", and the claims in the store", 2, 1),
                ("instances in state \"building\", and the claims in the store", 0, 1),
                ("instances that load disks and network, and the claims in the store", 0, 1),
            ],
            found.Where(item => item.Part == LedgerPart.Statistics).Select(item => (item.Detail, (int)item.Expected, (int)item.Found)).Order());
        Assert.Single(found, item => item.Part == LedgerPart.Claims);
        Assert.All(found, item => Assert.Equal(node.NodeId, item.NodeId));
    }
}
