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

    [Fact]
    public async Task A_move_that_was_claimed_or_ended_in_vain_is_as_before_and_can_be_again()
    {
        using var directory = new TemporaryDirectory();
        await using var service = await ServiceProcess.StartAsync(directory.Path);
        var clients = service.Clients;
        await clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
        await clients.Nodes.RegisterNodeAsync(Requests.Node("node-2"));
        var source = (await clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"))).Claim;
        await clients.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = source.ClaimId });
        var start = new ClaimMigrationRequest
        {
            Type = MigrationType.LiveMigration,
            InstanceId = source.Instance.InstanceId,
            TargetNodeId = "node-2",
            RequestId = Unique.RequestId(),
        };

        await InVainAsync(directory.Path, async () =>
            await Expect.ErrorAsync(clients.Migrations.ClaimMigrationAsync(start), StatusCode.Unavailable, "COMMIT_IN_DOUBT"));
        var started = await RetryAsync(async () => await clients.Migrations.ClaimMigrationAsync(start));

        var confirm = new ConfirmMigrationRequest { MigrationId = started.Migration.MigrationId, RequestId = Unique.RequestId() };
        await InVainAsync(directory.Path, async () =>
            await Expect.ErrorAsync(clients.Migrations.ConfirmMigrationAsync(confirm), StatusCode.Unavailable, "COMMIT_IN_DOUBT"));
        await RetryAsync(async () => await clients.Claims.UpdateInstanceAsync(
            new UpdateInstanceRequest { InstanceId = source.Instance.InstanceId, VmState = "active" }));
        var books = await LedgerBooks.ReadAsync(clients);
        Assert.Empty(books.Imbalances());
        Assert.Equal([source.ClaimId, started.Claim.ClaimId], books.LiveClaims.Select(claim => claim.ClaimId));
        Assert.Equal(started.Migration, Assert.Single(books.Moves));

        var confirmed = await clients.Migrations.ConfirmMigrationAsync(confirm);
        Assert.Equal(("active", started.Claim.ClaimId), (confirmed.Claim.Instance.VmState, confirmed.Claim.ClaimId));
        await InVainAsync(directory.Path, async () => await Expect.ErrorAsync(
            clients.Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = source.Instance.InstanceId }),
            StatusCode.Unavailable,
            "COMMIT_IN_DOUBT"));
        await RetryAsync(async () => await clients.Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = source.Instance.InstanceId }));
        Assert.Empty((await LedgerBooks.ReadAsync(clients)).LiveClaims);
        await clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1", source.Instance.InstanceId));
        Assert.Empty((await LedgerBooks.ReadAsync(clients)).Imbalances());
    }

    // Another process holds the write lock for longer than the service waits for it.
    private static async Task InVainAsync(string directory, Func<Task> call)
    {
        await using var other = new SqliteConnection($"Data Source={Path.Combine(directory, "ledger.db")};Pooling=False");
        await other.OpenAsync(TestContext.Current.CancellationToken);
        await using var transaction = other.BeginTransaction(deferred: false);
        await call();
    }

    // Once the store is back.
    private static async Task<T> RetryAsync<T>(Func<Task<T>> call)
        where T : class
    {
        T? answer = null;
        await Eventually.HoldsAsync("the store is back", async () =>
        {
            try
            {
                answer = await call();
                return true;
            }
            catch (RpcException unavailable) when (unavailable.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        });
        return answer!;
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
