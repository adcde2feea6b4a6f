using ResourceService.Load.Checking;
using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Soaking;

/// <summary>The steps of resizes and migrations: source and target are both in the books until the move has ended.</summary>
internal sealed class SoakMoves(SoakClients clients, SoakFleet fleet, RandomSequence random)
{
    private static readonly MigrationType[] _types = [MigrationType.ColdMigration, MigrationType.LiveMigration, MigrationType.Evacuation];

    /// <summary>To other amounts: half of the time on the same node.</summary>
    public async Task ResizeAsync(SoakInstance instance, string requestId)
    {
        var amounts = SoakFleet.PickFlavor(random);
        var request = new ClaimResizeRequest
        {
            RequestId = requestId,
            InstanceId = instance.InstanceId,
            TargetNodeId = random.Below(2) == 0 ? instance.Claim.NodeId : fleet.PickNode(random),
            Resources = new ResourceRequest(),
        };
        foreach (var (resourceClass, amount) in amounts)
        {
            request.Resources.Resources[resourceClass] = amount;
        }
        var answer = await clients.CallAsync(options => clients.Resizes.ClaimResizeAsync(request, options));
        instance.Move = Started(answer.Migration, answer.Claim, instance, MigrationType.Resize, request.TargetNodeId, amounts);
    }

    /// <summary>To another node with the same amounts.</summary>
    public async Task MigrateAsync(SoakInstance instance, string requestId)
    {
        var target = fleet.PickNode(random);
        if (target == instance.Claim.NodeId)
        {
            return;
        }
        var request = new ClaimMigrationRequest
        {
            RequestId = requestId,
            InstanceId = instance.InstanceId,
            TargetNodeId = target,
            Type = _types[random.Below(_types.Length)],
        };
        var answer = await clients.CallAsync(options => clients.Migrations.ClaimMigrationAsync(request, options));
        instance.Move = Started(answer.Migration, answer.Claim, instance, request.Type, target, instance.Claim.Resources);
    }

    public async Task UpdateAsync(SoakInstance instance, SoakMove move, string requestId)
    {
        var state = move.State == MigrationState.Preparing ? MigrationState.Running : MigrationState.Finished;
        var request = new UpdateMigrationRequest { MigrationId = move.MigrationId, RequestId = requestId, State = state };
        var answer = await clients.CallAsync(options => clients.Migrations.UpdateMigrationAsync(request, options));
        Check(answer.Migration, move, state);
        instance.Move = move with { State = state };
    }

    public async Task ConfirmAsync(SoakInstance instance, SoakMove move, string requestId)
    {
        var (id, isResize) = (move.MigrationId, move.Type == MigrationType.Resize);
        Migration ended;
        Claim primary;
        if (isResize)
        {
            var request = new ConfirmResizeRequest { MigrationId = id, RequestId = requestId };
            var answer = await clients.CallAsync(options => clients.Resizes.ConfirmResizeAsync(request, options));
            (ended, primary) = (answer.Migration, answer.Claim);
        }
        else
        {
            var request = new ConfirmMigrationRequest { MigrationId = id, RequestId = requestId };
            var answer = await clients.CallAsync(options => clients.Migrations.ConfirmMigrationAsync(request, options));
            (ended, primary) = (answer.Migration, answer.Claim);
        }
        Check(ended, move, MigrationState.Confirmed);
        instance.Claim = WrongAnswerException.Check(primary, move.Target with { State = ClaimState.Active });
        instance.Move = null;
    }

    public async Task RevertAsync(SoakInstance instance, SoakMove move, string requestId)
    {
        var (id, isResize) = (move.MigrationId, move.Type == MigrationType.Resize);
        Migration ended;
        Claim primary;
        if (isResize)
        {
            var request = new RevertResizeRequest { MigrationId = id, RequestId = requestId, Reason = "the user wants it back" };
            var answer = await clients.CallAsync(options => clients.Resizes.RevertResizeAsync(request, options));
            (ended, primary) = (answer.Migration, answer.Claim);
        }
        else
        {
            var request = new RevertMigrationRequest { MigrationId = id, RequestId = requestId, Reason = "the user wants it back" };
            var answer = await clients.CallAsync(options => clients.Migrations.RevertMigrationAsync(request, options));
            (ended, primary) = (answer.Migration, answer.Claim);
        }
        Stayed(ended, primary, instance, move, MigrationState.Reverted);
    }

    public async Task FailAsync(SoakInstance instance, SoakMove move, string requestId)
    {
        var request = new FailMigrationRequest { MigrationId = move.MigrationId, RequestId = requestId, Reason = "the copy broke off" };
        var answer = await clients.CallAsync(options => clients.Migrations.FailMigrationAsync(request, options));
        Stayed(answer.Migration, answer.Claim, instance, move, MigrationState.Failed);
    }

    private static SoakMove Started(
        Migration migration, Claim claim, SoakInstance instance, MigrationType type, string targetNodeId, IReadOnlyDictionary<string, long> amounts)
    {
        var target = new AcknowledgedClaim(claim.ClaimId, instance.InstanceId, targetNodeId, ClaimState.Held, amounts);
        var move = new SoakMove(migration.MigrationId, type, MigrationState.Preparing, WrongAnswerException.Check(claim, target));
        Check(migration, move, MigrationState.Preparing);
        return move;
    }

    private static void Stayed(Migration ended, Claim primary, SoakInstance instance, SoakMove move, MigrationState state)
    {
        Check(ended, move, state);
        WrongAnswerException.Check(primary, instance.Claim);
        instance.Move = null;
    }

    private static void Check(Migration answered, SoakMove move, MigrationState state) =>
        WrongAnswerException.Require(
            answered.MigrationId == move.MigrationId && answered.Type == move.Type && answered.TargetClaimId == move.Target.ClaimId
                && answered.State == state,
            $"{move} should be {state}, got {answered}");
}
