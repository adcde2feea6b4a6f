namespace ResourceService.Server.Tests.Moves;

public sealed class WhenConfirmAndRevertRace(SharedService service) : MoveTest(service)
{
    private const int LaneCount = 8;
    private const int RoundCount = 25;

    [Theory]
    [InlineData(MigrationType.Resize)]
    [InlineData(MigrationType.Evacuation)]
    public async Task Exactly_one_wins_and_the_others_are_told_which(MigrationType type)
    {
        var (first, second) = (await RegisterAsync(vcpus: 1_000), await RegisterAsync(vcpus: 1_000));

        var wins = await Task.WhenAll(Enumerable.Range(0, LaneCount).Select(lane => RunLaneAsync(lane, first.NodeId, second.NodeId, type)));

        // With so many rounds each of them wins some: otherwise nothing raced.
        Assert.Equal(LaneCount * RoundCount, wins.Sum(lane => lane.Values.Sum()));
        Assert.All(new[] { MigrationState.Confirmed, MigrationState.Reverted }, state => Assert.Contains(wins, lane => lane.ContainsKey(state)));
        await VerifyAsync(first.NodeId, second.NodeId);
        Assert.Equal(LaneCount * 2, await UsedAsync(first.NodeId) + await UsedAsync(second.NodeId));
    }

    // One instance that moves to and fro; in each round its move is ended in every way at the same time.
    private async Task<Dictionary<MigrationState, int>> RunLaneAsync(int lane, string firstId, string secondId, MigrationType type)
    {
        var wins = new Dictionary<MigrationState, int>();
        var at = await LiveAsync(firstId, vcpus: 2);
        for (var round = 0; round < RoundCount; round++)
        {
            var (migration, target) = await MoveAsync(at, at.NodeId == firstId ? secondId : firstId, type, vcpus: 2);
            Func<Task<MigrationState>>[] ends =
            [
                async () => (await ConfirmAsync(migration)).Migration.State,
                async () => (await RevertAsync(migration)).Migration.State,
                async () => (await FailAsync(migration)).Migration.State,
            ];
            // Who calls first differs from round to round.
            var outcomes = await Task.WhenAll(Enumerable.Range(lane + round, ends.Length).Select(i => TryAsync(ends[i % ends.Length])));

            var won = Assert.Single(outcomes, outcome => outcome.Won is not null).Won!.Value;
            wins[won] = wins.GetValueOrDefault(won) + 1;
            Assert.All(
                outcomes.Where(outcome => outcome.Won is null),
                outcome => Assert.Equal(("MIGRATION_WRONG_STATE", won.ToString().ToUpperInvariant()), (outcome.Error!.Reason, outcome.Error.Metadata["state"])));
            Assert.Equal(won, (await GetMigrationAsync(migration.MigrationId)).State);
            at = Assert.Single((await Claims.ListClaimsAsync(new ListClaimsRequest { InstanceId = at.Instance.InstanceId })).Claims);
            Assert.Equal(won == MigrationState.Confirmed ? target.ClaimId : migration.SourceClaimId, at.ClaimId);
        }

        return wins;
    }

    private static async Task<(MigrationState? Won, RpcFailure? Error)> TryAsync(Func<Task<MigrationState>> end)
    {
        try
        {
            return (await end(), null);
        }
        catch (RpcException cause)
        {
            return (null, RpcFailure.Of(cause));
        }
    }
}
