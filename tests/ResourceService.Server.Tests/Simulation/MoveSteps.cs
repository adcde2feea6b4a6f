using Google.Protobuf;

namespace ResourceService.Server.Tests.Simulation;

/// <summary>What happens to instances that move, or are resized.</summary>
internal sealed class MoveSteps(FleetCaller caller)
{
    private FleetModel Model => caller.Model;

    private Random Random => caller.Random;

    public Task BeginAsync()
    {
        var (instance, target) = (caller.AnyInstance(), caller.AnyNode());
        var type = (MigrationType)Random.Next(1, 5);
        var primary = Model.Primary(instance);
        // Without being asked for anything, a move takes what is held.
        var size = type == MigrationType.Resize ? ModelSize.Any(Random) : primary?.Size ?? default;
        List<string> errors = [.. Model.RefusalsOf(target, size, instance)];
        if (Model.MoveOf(instance) is not null)
            errors.Add("MIGRATION_IN_FLIGHT");
        if (primary is null)
            errors.Add("INSTANCE_NOT_FOUND");
        else if (primary.State != ClaimState.Active)
            errors.Add("CLAIM_WRONG_STATE");
        if (type != MigrationType.Resize && primary?.Node == target)
            errors.Add("TARGET_IS_SOURCE");
        if (type == MigrationType.Resize)
        {
            var resize = new ClaimResizeRequest
            {
                InstanceId = instance,
                TargetNodeId = target,
                Resources = size.ToRequest(),
                Lease = Requests.Seconds(3600),
                RequestId = Unique.RequestId(),
            };
            return caller.CallAsync(
                "ClaimResize", errors, clients => clients.Resizes.ClaimResizeAsync(resize).ResponseAsync,
                answer => Model.Add(answer.Migration, answer.Claim, size));
        }

        var move = new ClaimMigrationRequest
        {
            Type = type,
            InstanceId = instance,
            TargetNodeId = target,
            Lease = Requests.Seconds(3600),
            RequestId = Unique.RequestId(),
        };
        return caller.CallAsync(
            "ClaimMigration", errors, clients => clients.Migrations.ClaimMigrationAsync(move).ResponseAsync,
            answer => Model.Add(answer.Migration, answer.Claim, size));
    }

    public async Task GoOnAsync()
    {
        if (caller.AnyMove() is not { } move)
            return;
        var (id, request) = (move.Id, Unique.RequestId());
        var ofResize = move.Type == MigrationType.Resize;
        switch (Random.Next(4))
        {
            case 0:
                var state = (MigrationState)Random.Next(1, 4);
                var update = new UpdateMigrationRequest { MigrationId = id, State = state, Lease = Requests.Seconds(3600), RequestId = request };
                await caller.CallAsync(
                    "UpdateMigration", move.InFlight && state >= move.State ? [] : ["MIGRATION_WRONG_STATE"],
                    clients => clients.Migrations.UpdateMigrationAsync(update).ResponseAsync, _ => move.State = state);
                break;
            case 1 when ofResize == (Random.Next(8) > 0):
                await ConfirmAsync(
                    "ConfirmResize", move, ofResize,
                    clients => clients.Resizes.ConfirmResizeAsync(new() { MigrationId = id, RequestId = request }).ResponseAsync);
                break;
            case 1:
                await ConfirmAsync(
                    "ConfirmMigration", move, !ofResize,
                    clients => clients.Migrations.ConfirmMigrationAsync(new() { MigrationId = id, RequestId = request }).ResponseAsync);
                break;
            case 2 when ofResize:
                await EndAsync(
                    "RevertResize", move, MigrationState.Reverted,
                    clients => clients.Resizes.RevertResizeAsync(new() { MigrationId = id, RequestId = request }).ResponseAsync);
                break;
            case 2:
                await EndAsync(
                    "RevertMigration", move, MigrationState.Reverted,
                    clients => clients.Migrations.RevertMigrationAsync(new() { MigrationId = id, RequestId = request }).ResponseAsync);
                break;
            default:
                await EndAsync(
                    "FailMigration", move, MigrationState.Failed,
                    clients => clients.Migrations.FailMigrationAsync(new() { MigrationId = id, RequestId = request }).ResponseAsync);
                break;
        }
    }

    private Task ConfirmAsync<T>(string what, ModelMove move, bool isRightType, Func<ServiceClients, Task<T>> call)
        where T : IMessage =>
        caller.CallAsync(what, isRightType ? ErrorsOfEnd(move, MigrationState.Confirmed) : ["MIGRATION_WRONG_TYPE"], call, _ =>
        {
            if (move.InFlight)
                Model.Confirm(move);
        });

    private Task EndAsync<T>(string what, ModelMove move, MigrationState end, Func<ServiceClients, Task<T>> call)
        where T : IMessage =>
        caller.CallAsync(what, ErrorsOfEnd(move, end), call, _ =>
        {
            if (move.InFlight)
                Model.End(move, end, ClaimState.Aborted);
        });

    private static string[] ErrorsOfEnd(ModelMove move, MigrationState end) => move.InFlight || move.State == end ? [] : ["MIGRATION_WRONG_STATE"];
}
