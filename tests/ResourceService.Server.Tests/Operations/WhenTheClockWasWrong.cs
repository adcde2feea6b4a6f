using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Server.Tests.Operations;

/// <summary>
/// Starts on databases that were written by any clock: the service serves, and leases end in time, or it says in one line which row it cannot take.
/// RESOURCESERVICE_STARTS sets how many starts there are, RESOURCESERVICE_SEED which.
/// </summary>
public sealed class WhenTheClockWasWrong(ITestOutputHelper output) : IDisposable
{
    private const int ClaimCount = 5;
    private const int LeaseMsMax = 3_000;

    private static readonly (string Table, string Column)[] _times =
        [("claims", "create_time"), ("nodes", "register_time"), ("node_usage", "update_time"), ("events", "time"), ("usage_snapshots", "time")];

    private static readonly (string Table, string Column)[] _neededTimes =
        [("claims", "lease_end"), ("claims", "create_time"), ("claims", "update_time"), ("nodes", "register_time"), ("node_usage", "update_time")];

    private static readonly long[] _absurd = [long.MinValue, -62_135_596_800_001, 253_402_300_800_000, 9_000_000_000_000_000_000, long.MaxValue];

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task It_starts_or_names_the_row()
    {
        var seed = Seed.Choose();
        var starts = int.TryParse(Environment.GetEnvironmentVariable("RESOURCESERVICE_STARTS"), out var asked) ? asked : 2;
        output.WriteLine($"{Seed.Describe(seed)} RESOURCESERVICE_STARTS={starts}");
        var random = new Random(seed);
        var template = _directory.Below("template");
        await using (var service = await ServiceProcess.StartAsync(template, "--Nodes:SnapshotIntervalSeconds=1"))
        {
            await service.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
            for (var i = 0; i < ClaimCount; i++)
                await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"));
            await service.StopGentlyAsync();
        }

        for (var start = 0; start < starts; start++)
        {
            var data = _directory.Below($"start-{start}");
            Directory.CreateDirectory(data);
            File.Copy(Path.Combine(template, "ledger.db"), Path.Combine(data, "ledger.db"));
            var isAbsurd = start % 4 == 1;
            await FalsifyAsync(data, random, isAbsurd);
            await (isAbsurd ? NamesTheRowAsync(data) : EndsLeasesAsync(data));
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task NamesTheRowAsync(string data)
    {
        var (exitCode, log) = await ServiceProcess.RunToEndAsync(data);

        Assert.Equal(1, exitCode);
        Assert.Matches(@"Cannot start: The database has a row that cannot be understood, that of (claim c-1-\d|node number 1): .* is no time between", log);
        Assert.DoesNotContain("   at ", log, StringComparison.Ordinal);
    }

    private static async Task EndsLeasesAsync(string data)
    {
        await using var service = await ServiceProcess.StartAsync(data);
        // The time of a new claim is the service's own: by it every lease ends within its length.
        var claim = (await service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"))).Claim;
        var held = (await service.Clients.Claims.ListClaimsAsync(new ListClaimsRequest { States = { ClaimState.Held } })).Claims;
        Assert.All(held.Where(other => other.ClaimId != claim.ClaimId), other => Assert.True(other.LeaseExpireTime.ToDateTime() - claim.CreateTime.ToDateTime() <= TimeSpan.FromMilliseconds(LeaseMsMax)));
        await service.Clients.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        await Expect.BalancedBooksAsync(service.Clients);
        await Eventually.HoldsAsync(
            "all leases have ended",
            async () => (await service.Clients.Claims.ListClaimsAsync(new ListClaimsRequest { States = { ClaimState.Held } })).Claims.Count == 0);
        var ended = await service.Clients.Audits.ListEventsAsync(new ListEventsRequest { Kinds = { EventKind.ClaimExpired } });
        Assert.Equal(ClaimCount, ended.Events.Count);
    }

    // A lease stays short against its claim's last change, so that a test can see it end; everything else may be anything.
    private static async Task FalsifyAsync(string data, Random random, bool isAbsurd)
    {
        await using var database = new SqliteConnection($"Data Source={Path.Combine(data, "ledger.db")};Pooling=False");
        await database.OpenAsync();
        foreach (var (table, column) in _times)
            await database.ExecuteAsync($"UPDATE OR REPLACE {table} SET {column} = @time", new { time = AnyTime() });
        for (var claim = 1; claim <= ClaimCount; claim++)
        {
            var change = AnyTime();
            await database.ExecuteAsync(
                "UPDATE claims SET update_time = @change, lease_end = @end WHERE claim_seq = @claim",
                new { claim, change, end = change + random.Next(LeaseMsMax) });
        }

        if (!isAbsurd)
            return;
        var (wrongTable, wrongColumn) = _neededTimes[random.Next(_neededTimes.Length)];
        await database.ExecuteAsync($"UPDATE {wrongTable} SET {wrongColumn} = @time", new { time = _absurd[random.Next(_absurd.Length)] });

        long AnyTime() => random.NextInt64(DateTimeOffset.UnixEpoch.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() - LeaseMsMax);
    }
}
