using System.IO.Compression;
using Grpc.Health.V1;
using ResourceService.Server.Tests.Wire;

namespace ResourceService.Server.Tests.Security;

public sealed class FewConnections() : OwnedService("--Limits:ConnectionsMax=100");

/// <summary>The service lives, answers others, and its memory stays bounded.</summary>
public sealed class WhenHttp2IsAbused(FewConnections service) : IClassFixture<FewConnections>, IAsyncLifetime
{
    // Generous: a collector that has not run yet is no leak, and what each test asks for would be far more if it were held.
    private const long GrowthMax = 150L * 1024 * 1024;

    private const string Claim = "/resourceservice.v1.ClaimService/ClaimInstance";

    private long _before;

    public async ValueTask InitializeAsync()
    {
        await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("abused", vcpus: 1_000_000, memoryMb: 1_000_000_000));
        for (var i = 0; i < 200; i++)
            await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("abused"));
        _before = service.Process.WorkingSetBytes;
    }

    public async ValueTask DisposeAsync()
    {
        await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("abused"));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await service.Clients.HealthOfAsync(""));
        await Eventually.HoldsAsync(
            $"the service holds at most {GrowthMax >> 20} MiB more than before, {_before >> 20} MiB",
            () => Task.FromResult(service.Process.WorkingSetBytes - _before < GrowthMax));
        Assert.DoesNotContain(service.Process.Log.Troubles, line => !line.Contains("calls_taken_back", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Calls_opened_and_reset_at_once_cost_others_nothing()
    {
        for (var round = 0; round < 5; round++)
        {
            await using var connection = await RawHttp2.ConnectAsync(service.Clients.Address, window: 65_535);
            try
            {
                await connection.OpenAndResetAsync(Claim, calls: 20_000);
            }
            catch (IOException)
            {
                // The service ended the connection: the best answer.
            }

            await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("abused"));
        }
    }

    [Theory]
    [InlineData("/grpc.health.v1.Health/Check")]
    [InlineData("/grpc.health.v1.Health/Watch")]
    // Another way to write the same method.
    [InlineData("/GRPC.Health.V1.health/watch")]
    public async Task Half_a_message_to_what_is_open_to_everyone_is_not_kept(string path)
    {
        const int Size = 4 * 1024 * 1024;
        using var raw = new RawGrpc(service.Clients.Address);
        using var leaving = new CancellationTokenSource();
        var half = RawGrpc.FrameSaying(Size - 100, new byte[Size - 1000]);

        var calls = Enumerable.Range(0, 100).Select(_ => raw.OpenAsync(path, half, leaving.Token)).ToList();

        // Each is ended by the service: who sends more than a name is not waited for.
        await Eventually.ArrivesAsync("the service has refused them all", AllEndAsync());
        Assert.True(service.Process.WorkingSetBytes - _before < GrowthMax, $"{service.Process.WorkingSetBytes >> 20} MiB, {_before >> 20} before");
        await leaving.CancelAsync();

        async Task<bool> AllEndAsync()
        {
            await Task.WhenAll(calls);
            return true;
        }
    }

    [Fact]
    public async Task Watchers_that_do_not_read_hold_nothing_up_and_little_memory()
    {
        using var lazy = new ServiceClients(service.Clients.Address);
        var watches = Enumerable.Range(0, 100).Select(_ => lazy.Audits.WatchEvents(new WatchEventsRequest { Revision = 1 })).ToList();
        foreach (var watch in watches)
            Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));

        for (var i = 0; i < 20; i++)
        {
            var batch = new ClaimInstancesRequest { Requests = { Enumerable.Range(0, 250).Select(_ => Requests.Claim("abused")) } };
            Assert.All((await service.Clients.Claims.ClaimInstancesAsync(batch)).Results, result => Assert.NotNull(result.Claim));
        }

        Assert.True(service.Process.WorkingSetBytes - _before < GrowthMax, $"{service.Process.WorkingSetBytes >> 20} MiB, {_before >> 20} before");
        watches.ForEach(watch => watch.Dispose());
    }

    [Fact]
    public async Task A_caller_that_streams_claims_and_reads_no_answers_is_read_no_further()
    {
        using var lazy = new ServiceClients(service.Clients.Address);
        var stream = lazy.Claims.StreamClaims();
        var sent = 0;
        var sending = SendAsync();
        // It stands when a thousand are unanswered and the windows of both sides are full.
        var last = -1;
        await Eventually.HoldsAsync("the caller can send no more", async () =>
        {
            var seen = Volatile.Read(ref sent);
            await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("abused"));
            return seen > 1000 && Interlocked.Exchange(ref last, seen) == seen;
        });
        Assert.True(sent < 100_000, "nothing held the caller back");
        stream.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => sending);

        async Task SendAsync()
        {
            for (; sent < 100_000; sent++)
                await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = Requests.Claim("nowhere-at-all") });
        }
    }

    [Fact]
    public async Task Connections_beyond_the_limit_are_closed_and_those_within_stay()
    {
        using (var idle = await IdleConnections.OpenAsync(service.Clients.Address, 300))
        {
            await Eventually.HoldsAsync("200 of 300 are closed", () => Task.FromResult(idle.Closed >= 200));
            await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("abused"));
        }

        await Eventually.HoldsAsync("there is room for another", async () =>
        {
            using var another = new ServiceClients(service.Clients.Address);
            return await another.HealthOfAsync("") == HealthCheckResponse.Types.ServingStatus.Serving;
        });
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task Messages_that_inflate_without_bound_are_refused(string encoding)
    {
        using var packed = new MemoryStream();
        await using (Stream pack = encoding == "gzip" ? new GZipStream(packed, CompressionLevel.Fastest, true) : new ZLibStream(packed, CompressionLevel.Fastest, true))
        {
            for (var i = 0; i < 100; i++)
                await pack.WriteAsync(new byte[1024 * 1024]);
        }

        using var raw = new RawGrpc(service.Clients.Address);
        var bomb = RawGrpc.Frame(packed.ToArray(), compressed: true);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => raw.PostAsync(Claim, bomb, headers: ("grpc-encoding", encoding))));

        // Inflated as far as a message may go, and refused there.
        Assert.All(answers, answer => Assert.Equal(StatusCode.ResourceExhausted, answer.Code));
    }
}
