using Microsoft.Data.Sqlite;

namespace ResourceService.Server.Tests.Storage;

public sealed class WhenACommitFails
{
    [Fact]
    public async Task An_instance_claimed_and_released_in_vain_can_be_claimed_again()
    {
        using var directory = new TemporaryDirectory();
        await using var service = await ServiceProcess.StartAsync(directory.Path);
        var clients = service.Clients;
        await clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        var claim = Requests.Claim("node-1");

        await using (var other = new SqliteConnection($"Data Source={Path.Combine(directory.Path, "ledger.db")};Pooling=False"))
        {
            // Another process holds the write lock for longer than the service waits for it.
            await other.OpenAsync(TestContext.Current.CancellationToken);
            await using var transaction = other.BeginTransaction(deferred: false);
            var claimed = Expect.ErrorAsync(clients.Claims.ClaimInstanceAsync(claim), StatusCode.Unavailable, "COMMIT_IN_DOUBT");
            await Eventually.HoldsAsync("the claim is decided", () => IsHeldAsync(clients, claim));
            var released = Expect.ErrorAsync(
                clients.Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId }),
                StatusCode.Unavailable,
                "COMMIT_IN_DOUBT");

            await claimed;
            await released;
        }

        await Eventually.HoldsAsync("the same instance is claimed", async () =>
        {
            try
            {
                return (await clients.Claims.ClaimInstanceAsync(claim)).Claim.State == ClaimState.Held;
            }
            catch (RpcException unavailable) when (unavailable.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        });
        Assert.Empty((await LedgerBooks.ReadAsync(clients)).Imbalances());
    }

    // A second claim of the instance would be refused as soon as the first is decided; asking holds nothing.
    private static async Task<bool> IsHeldAsync(ServiceClients clients, ClaimInstanceRequest claim)
    {
        try
        {
            await clients.Claims.ClaimInstanceAsync(new ClaimInstanceRequest(claim) { RequestId = "", ValidateOnly = true });
            return false;
        }
        catch (RpcException held) when (held.StatusCode == StatusCode.AlreadyExists)
        {
            return true;
        }
    }
}
