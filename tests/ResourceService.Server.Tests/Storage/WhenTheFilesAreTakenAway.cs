using Grpc.Health.V1;
using ResourceService.Server.Tests.Crash;
using ResourceService.Server.Tests.Operations;

namespace ResourceService.Server.Tests.Storage;

/// <summary>
/// What somebody does to the files of a running service under load: what was acknowledged is there after the next start, or that start says what is
/// missing.
/// </summary>
public sealed class WhenTheFilesAreTakenAway(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Data => _directory.Below("data");

    private string Database => Path.Combine(Data, "ledger.db");

    private string Aside => _directory.Below("aside");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_deleted_log_is_noticed_and_its_changes_are_saved()
    {
        var fleet = await LoseAsync("the write-ahead log", () => File.Delete($"{Database}-wal"));

        await EverythingIsThereAsync(fleet, Data);
    }

    [Fact]
    public async Task A_deleted_database_is_noticed_and_the_next_start_does_not_begin_an_empty_one()
    {
        await LoseAsync("the database", () => File.Delete(Database));

        Assert.Contains($"{Database} is missing or empty", await FailedStart.LineAsync(Data), StringComparison.Ordinal);
        Assert.False(File.Exists(Database));
        await StoreCommand.SucceedsAsync(Data, "restore", "--from", _directory.Below("backup"));
        await using var restored = await ServiceProcess.StartAsync(Data);
        await Expect.BalancedBooksAsync(restored.Clients);
    }

    [Fact]
    public async Task A_database_moved_away_and_back_is_served_after_a_start()
    {
        var fleet = await LoseAsync("the database", () => File.Move(Database, Aside), after: () => File.Move(Aside, Database));

        await EverythingIsThereAsync(fleet, Data);
    }

    [Fact]
    public async Task A_database_that_another_took_the_place_of_is_not_mixed_with_its_log()
    {
        var fleet = await LoseAsync("the database", () =>
        {
            File.Move(Database, Aside);
            File.Copy(_directory.Below("backup"), Database);
        });

        Assert.Contains("do not belong together", await FailedStart.LineAsync(Data), StringComparison.Ordinal);
        File.Move(Aside, Database, overwrite: true);
        await EverythingIsThereAsync(fleet, Data);
    }

    [Fact]
    public async Task A_database_that_a_backup_was_copied_over_is_not_served()
    {
        await LoseAsync("the database", () => File.Copy(_directory.Below("backup"), Database, overwrite: true));

        Assert.Contains("were written by somebody else", await FailedStart.LineAsync(Data), StringComparison.Ordinal);
        await StoreCommand.SucceedsAsync(Data, "restore", "--from", _directory.Below("backup"), "--force");
        await using var restored = await ServiceProcess.StartAsync(Data);
        await Expect.BalancedBooksAsync(restored.Clients);
    }

    [Fact]
    public async Task A_renamed_folder_has_everything_under_its_new_name()
    {
        var fleet = await LoseAsync("the database", () => Directory.Move(Data, Aside));

        await EverythingIsThereAsync(fleet, Aside);
    }

    [Fact]
    public async Task A_log_that_is_missing_after_a_crash_is_told()
    {
        await using (var service = await ServiceProcess.StartAsync(Data))
        {
            await LoadedFleet.RegisterAsync(service.Clients);
            await service.KillHardAsync();
        }

        File.Move($"{Database}-wal", Aside);
        Assert.Contains("acknowledged were changes up to 6", await FailedStart.LineAsync(Data), StringComparison.Ordinal);

        File.Move(Aside, $"{Database}-wal", overwrite: true);
        await using var complete = await ServiceProcess.StartAsync(Data);
        Assert.Equal(6, (await complete.Clients.Nodes.ListNodesAsync(new ListNodesRequest())).Nodes.Count);
    }

    // Loses the files under load. Callers are cut off, and nobody is served any more, whatever comes after.
    private async Task<LoadedFleet> LoseAsync(string what, Action lose, Action? after = null)
    {
        var seed = Seed.Choose();
        output.WriteLine(Seed.Describe(seed));
        var fleet = new LoadedFleet(seed);
        await using var service = await ServiceProcess.StartAsync(Data);
        await LoadedFleet.RegisterAsync(service.Clients);
        await StoreCommand.SucceedsAsync(Data, "backup", "--to", _directory.Below("backup"));
        var running = fleet.RunAsync(service.Clients);
        await Eventually.HoldsAsync("callers are served", () => Task.FromResult(fleet.AcknowledgedCount > 100));

        lose();

        await Eventually.ArrivesAsync("nobody is served any more", CutOffAsync());
        after?.Invoke();
        await Eventually.HoldsAsync(
            "the service asks its files again", () => Task.FromResult(service.Log.All.Any(line => line.Contains("still lost", StringComparison.Ordinal))));
        Assert.Contains(service.Log.All, line => line.Contains($"The store is lost", StringComparison.Ordinal)
            && line.Contains(what, StringComparison.OrdinalIgnoreCase) && line.Contains("restarted with the right files", StringComparison.Ordinal));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, await service.Clients.HealthOfAsync("readiness"));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await service.Clients.HealthOfAsync("liveness"));
        await Expect.ErrorAsync(service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1")), StatusCode.Unavailable, "STORE_UNAVAILABLE");
        await service.KillHardAsync();
        return fleet;

        async Task<bool> CutOffAsync()
        {
            await running;
            return true;
        }
    }

    private static async Task EverythingIsThereAsync(LoadedFleet fleet, string data)
    {
        await using var service = await ServiceProcess.StartAsync(data);
        await fleet.VerifyAsync(service.Clients);
    }
}
