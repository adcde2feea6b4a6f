using System.Diagnostics.CodeAnalysis;
using Grpc.Health.V1;
using Microsoft.Data.Sqlite;

namespace ResourceService.Server.Tests.Storage;

public sealed class WhenTheStoreIsFull
{
    private const string NodeId = "node-1";

    private readonly List<(ClaimInstanceRequest Request, Claim Claim)> _acknowledged = [];
    private ClaimInstanceRequest? _cutOff;

    [Fact]
    public async Task Callers_are_told_nothing_is_lost_and_a_larger_limit_serves_again()
    {
        using var directory = new TemporaryDirectory();
        await using (var small = await ServiceProcess.StartAsync(directory.Path, "--Storage:DatabaseSizeMaxMb=1"))
        {
            await RegisterAsync(small.Clients);
            var leased = await ClaimUnderShortLeaseAsync(small.Clients);
            await FillAsync(small.Clients);
            await ExpiresAsync(small.Clients, leased);
            await StaysUnavailableAsync(small.Clients);
            await WhatEndsSomethingIsTakenAsync(small.Clients);
            Assert.NotEmpty(small.Log.Troubles);
            await small.KillHardAsync();
        }

        await using var large = await ServiceProcess.StartAsync(directory.Path, "--Storage:DatabaseSizeMaxMb=100");
        await EverythingIsThereAsync(large.Clients);
    }

    [Fact]
    public async Task A_full_disk_is_survived_and_the_service_resumes_by_itself_when_there_is_room()
    {
        var (disk, whyNot) = SmallDisk.TryMount(megabytes: 16);
        Assert.SkipWhen(disk is null, $"A small disk cannot be mounted here. {whyNot}");
        using (disk)
        {
            await using (var service = await ServiceProcess.StartAsync(Path.Combine(disk.Path, "data")))
            {
                await RegisterAsync(service.Clients);
                for (var i = 0; i < 100; i++)
                    Assert.True(await TryClaimAsync(service.Clients));
                disk.Fill();
                await FillAsync(service.Clients);
                await StaysUnavailableAsync(service.Clients);

                disk.Empty();

                await Eventually.HoldsAsync("the service is ready again", () => ServesAsync(service.Clients));
                await EverythingIsThereAsync(service.Clients);
                // By the one or the other, as a write or a look at the disk met the full disk first.
                await Eventually.HoldsAsync("the log says so", () => Task.FromResult(service.Log.All.Any(line =>
                    line.Contains("The store has room again", StringComparison.Ordinal) || line.Contains("The store is back", StringComparison.Ordinal))));
                Assert.Equal(0, await service.StopGentlyAsync());
            }

            await using var restarted = await ServiceProcess.StartAsync(Path.Combine(disk.Path, "data"));
            await EverythingIsThereAsync(restarted.Clients);
        }
    }

    [Fact]
    public async Task A_log_that_a_reader_made_grow_until_the_disk_was_full_is_no_dead_end()
    {
        var (disk, whyNot) = SmallDisk.TryMount(megabytes: 34);
        Assert.SkipWhen(disk is null, $"A small disk cannot be mounted here. {whyNot}");
        using (disk)
        {
            var (data, spare) = (Path.Combine(disk.Path, "data"), Path.Combine(disk.Path, "spare"));
            await File.WriteAllBytesAsync(spare, new byte[4 << 20]);
            await using var service = await ServiceProcess.StartAsync(data, "--Storage:CheckpointPages=200");
            await RegisterAsync(service.Clients);
            Assert.True(await TryClaimAsync(service.Clients));
            var leased = await ClaimUnderShortLeaseAsync(service.Clients);

            // As long as somebody reads what was before, the log cannot begin anew.
            await using (await ReaderAsync(data))
            {
                await GrowAsync(service.Clients);
                disk.Fill();
                Assert.False(await TryClaimAsync(service.Clients));
                await ExpiresAsync(service.Clients, leased);
                await NothingIsLostAsync(service.Clients);
            }

            File.Delete(spare);

            await Eventually.HoldsAsync("the service is ready again", () => ServesAsync(service.Clients));
            await EverythingIsThereAsync(service.Clients);
            Assert.Empty((await service.Clients.Audits.VerifyLedgerAsync(new VerifyLedgerRequest())).Differences);
        }
    }

    // Registers large nodes again and again, until the store takes no more of them.
    private static async Task GrowAsync(ServiceClients clients)
    {
        for (var round = 1; ; round++)
        {
            Assert.True(round < 1_000, "the store never fills");
            var node = Requests.Node("large", vcpus: round, memoryMb: 1);
            node.Devices.Add(Enumerable.Range(0, 1_000).Select(i => new Device
            {
                Address = $"0000:{i >> 8:x2}:{(i >> 3) & 31:x2}.{i & 7}",
                VendorId = "8086",
                ProductId = $"{0x1000 + round:x4}",
                Type = DeviceType.Pci,
            }));
            try
            {
                await clients.Nodes.RegisterNodeAsync(node);
            }
            catch (RpcException full) when (full.StatusCode == StatusCode.Unavailable)
            {
                Assert.Equal("STORE_NEARLY_FULL", RpcFailure.Of(full).Reason);
                return;
            }
        }
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "The caller disposes it.")]
    private static async Task<SqliteConnection> ReaderAsync(string data)
    {
        var reader = new SqliteConnection($"Data Source={Path.Combine(data, "ledger.db")};Mode=ReadOnly;Pooling=False");
        await reader.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = reader.CreateCommand();
        command.CommandText = "BEGIN; SELECT count(*) FROM nodes";
        await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        return reader;
    }

    private static async Task<Claim> ClaimUnderShortLeaseAsync(ServiceClients clients)
    {
        var request = Requests.Claim(NodeId);
        request.Lease = Requests.Seconds(1);
        return (await clients.Claims.ClaimInstanceAsync(request)).Claim;
    }

    private static Task ExpiresAsync(ServiceClients clients, Claim leased) => Eventually.HoldsAsync("the lease ends meanwhile", async () =>
        (await clients.Claims.GetClaimAsync(new GetClaimRequest { ClaimId = leased.ClaimId })).Claim.State == ClaimState.Expired);

    // A confirmation and a release of what was claimed before.
    private async Task WhatEndsSomethingIsTakenAsync(ServiceClients clients)
    {
        var (_, confirmed) = _acknowledged[0];
        await clients.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = confirmed.ClaimId });
        await clients.Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = confirmed.Instance.InstanceId });
        _acknowledged.RemoveAt(0);
        await NothingIsLostAsync(clients);
    }

    private static Task RegisterAsync(ServiceClients clients) =>
        clients.Nodes.RegisterNodeAsync(Requests.Node(NodeId, vcpus: 1_000_000, memoryMb: 1_000_000_000)).ResponseAsync;

    private async Task<bool> ServesAsync(ServiceClients clients) =>
        await clients.HealthOfAsync("readiness") == HealthCheckResponse.Types.ServingStatus.Serving && await TryClaimAsync(clients);

    // Claims of a group that the store does not take are not remembered by their own ids either.
    private static async Task AGroupLeavesNothingAsync(ServiceClients clients)
    {
        var claim = Requests.Claim(NodeId);
        var group = new ClaimInstancesRequest { RequestId = Unique.RequestId(), AllOrNothing = true, Requests = { claim } };
        await Assert.ThrowsAsync<RpcException>(async () => await clients.Claims.ClaimInstancesAsync(group));
        var cause = await Assert.ThrowsAsync<RpcException>(async () => await clients.Claims.ClaimInstanceAsync(claim));
        Assert.Equal(StatusCode.Unavailable, cause.StatusCode);
    }

    // Claims until the store takes no more.
    private async Task FillAsync(ServiceClients clients)
    {
        while (await TryClaimAsync(clients))
            Assert.True(_acknowledged.Count < 100_000, "the store never fills");
    }

    // While there is no room every claim fails as documented, liveness and reads go on, and the books balance.
    private async Task StaysUnavailableAsync(ServiceClients clients)
    {
        for (var i = 0; i < 50; i++)
            Assert.False(await TryClaimAsync(clients));
        await AGroupLeavesNothingAsync(clients);

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await clients.HealthOfAsync("liveness"));
        await NothingIsLostAsync(clients);
    }

    private async Task<bool> TryClaimAsync(ServiceClients clients)
    {
        var request = Requests.Claim(NodeId);
        try
        {
            _acknowledged.Add((request, (await clients.Claims.ClaimInstanceAsync(request)).Claim));
            return true;
        }
        catch (RpcException cause)
        {
            var failure = RpcFailure.Of(cause);
            Assert.Equal(StatusCode.Unavailable, failure.Code);
            Assert.Contains(failure.Reason, (IEnumerable<string>)["STORE_NEARLY_FULL", "STORE_UNAVAILABLE", "COMMIT_IN_DOUBT"]);
            Assert.NotNull(failure.RetryDelay);
            _cutOff = request;
            return false;
        }
    }

    private async Task NothingIsLostAsync(ServiceClients clients)
    {
        var books = await LedgerBooks.ReadAsync(clients);
        Assert.Empty(books.Imbalances());
        Assert.Equal(
            _acknowledged.Select(item => item.Claim.ClaimId).Order(StringComparer.Ordinal),
            books.LiveClaims.Select(claim => claim.ClaimId).Order(StringComparer.Ordinal));
    }

    private async Task EverythingIsThereAsync(ServiceClients clients)
    {
        await NothingIsLostAsync(clients);
        foreach (var (sent, claim) in _acknowledged.TakeLast(20))
            Assert.Equal(claim, (await clients.Claims.ClaimInstanceAsync(sent)).Claim);

        // What was cut off holds nothing, and its retry is served now.
        if (_cutOff is { } request)
            _acknowledged.Add((request, (await clients.Claims.ClaimInstanceAsync(request)).Claim));
        _cutOff = null;
        Assert.True(await TryClaimAsync(clients));
        await NothingIsLostAsync(clients);
    }
}
