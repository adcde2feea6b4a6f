namespace ResourceService.Server.Tests.Simulation;

/// <summary>Leases that end by themselves, of claims and of moves.</summary>
internal sealed class LeaseSteps(FleetCaller caller)
{
    // Each time takes a second.
    private const int AtOnce = 3;

    private FleetModel Model => caller.Model;

    /// <summary>Gives some of the shortest leases, and waits until they have ended.</summary>
    public async Task ExpireAsync()
    {
        var claims = Model.Live.Where(claim => claim is { State: ClaimState.Held, Role: ClaimRole.Primary }).OrderBy(claim => claim.Number).Take(AtOnce).ToList();
        var moves = Model.Moves.Values.Where(move => move.InFlight && move.State != MigrationState.Finished).OrderBy(move => move.Number).Take(AtOnce).ToList();
        foreach (var claim in claims)
        {
            var renew = new RenewClaimRequest { ClaimId = claim.Id, Lease = Requests.Seconds(1), RequestId = Unique.RequestId() };
            await caller.CallAsync("RenewClaim", [], clients => clients.Claims.RenewClaimAsync(renew).ResponseAsync, _ => { });
        }

        foreach (var move in moves)
        {
            var update = new UpdateMigrationRequest { MigrationId = move.Id, State = move.State, Lease = Requests.Seconds(1), RequestId = Unique.RequestId() };
            await caller.CallAsync("UpdateMigration", [], clients => clients.Migrations.UpdateMigrationAsync(update).ResponseAsync, _ => { });
        }

        foreach (var claim in claims)
        {
            await Eventually.HoldsAsync($"claim {claim.Id} expires", async () => await StateAsync(claim) == ClaimState.Expired);
            Model.End(claim, ClaimState.Expired);
            caller.Count("lease", "of a claim ended");
        }

        foreach (var move in moves)
        {
            await Eventually.HoldsAsync($"migration {move.Id} expires", async () => await StateAsync(move) == MigrationState.Expired);
            Model.End(move, MigrationState.Expired, ClaimState.Expired);
            caller.Count("lease", "of a move ended");
        }
    }

    private async Task<ClaimState> StateAsync(ModelClaim claim) => (await caller.ReadAsync(
        clients => clients.Claims.GetClaimAsync(new GetClaimRequest { ClaimId = claim.Id }).ResponseAsync)).Claim.State;

    private async Task<MigrationState> StateAsync(ModelMove move) => (await caller.ReadAsync(
        clients => clients.Migrations.GetMigrationAsync(new GetMigrationRequest { MigrationId = move.Id }).ResponseAsync)).Migration.State;
}
