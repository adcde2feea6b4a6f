using Google.Protobuf;

namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// Calls the real service at random, one call after the other, and holds every answer against a model: which errors are right, what is held
/// afterwards. Now and then a call is sent again with its id, also after the service was killed, and must be answered as the first time.
/// </summary>
internal sealed class Simulator(int seed)
{
    private const int InstanceCount = 12;
    private const int RememberedMax = 50;

    private static readonly string[] _nodes = ["sim-1", "sim-2", "sim-3"];

    private readonly Random _random = new(seed);
    private readonly FleetModel _model = new();

    // Calls that were accepted under an id, with their answers.
    private readonly List<(IMessage Answer, Func<ServiceClients, Task<IMessage>> Again)> _accepted = [];

    /// <summary>Calls answered so far, by what they were and how they ended.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>Makes one random call and compares.</summary>
    public async Task StepAsync(ServiceClients clients)
    {
        switch (_random.Next(100))
        {
            case < 3:
                await RegisterAsync(clients);
                break;
            case < 6:
                await SetStateAsync(clients);
                break;
            case < 7:
                await DeleteAsync(clients);
                break;
            case < 27:
                await ClaimAsync(clients);
                break;
            case < 41:
                await ConfirmAsync(clients);
                break;
            case < 45:
                await RenewOrAbortAsync(clients);
                break;
            case < 52:
                await ReleaseAsync(clients);
                break;
            case < 56:
                await UpdateInstanceAsync(clients);
                break;
            case < 72:
                await MoveAsync(clients);
                break;
            case < 90:
                await StepOfMoveAsync(clients);
                break;
            case < 94:
                await AuditAsync(clients);
                break;
            default:
                await RepeatAsync(clients);
                break;
        }
    }

    /// <summary>Compares everything that the service holds with the model.</summary>
    public async Task CompareAsync(ServiceClients clients)
    {
        _model.Forget();
        var books = await LedgerBooks.ReadAsync(clients);
        Assert.Equal(0, books.Verification.DifferenceCount);
        Assert.Equal(
            _model.Live.Select(claim => (claim.Id, claim.Node, claim.Instance, claim.Vcpus, claim.Role, claim.State)).Order(),
            books.LiveClaims.Select(claim => (claim.ClaimId, claim.NodeId, claim.Instance.InstanceId, claim.Resources["VCPU"], claim.Role, claim.State)).Order());
        Assert.Equal(
            _model.Moves.Values.Where(move => move.InFlight).Select(move => (move.Id, move.Instance, move.State)).Order(),
            books.Moves.Select(move => (move.MigrationId, move.InstanceId, move.State)).Order());
        Assert.Equal(
            _model.Nodes.Select(node => (node.Key, node.Value.Vcpus, node.Value.State, _model.Used(node.Key))).Order(),
            books.Nodes.Select(node => (node.NodeId, node.Usage["VCPU"].Capacity, node.State, node.Usage["VCPU"].Used)).Order());
    }

    private async Task RegisterAsync(ServiceClients clients)
    {
        var node = AnyNode();
        var vcpus = _random.Next(4, 17);
        await CallAsync("RegisterNode", [], () => clients.Nodes.RegisterNodeAsync(Requests.Node(node, vcpus)).ResponseAsync, _ =>
        {
            if (_model.Nodes.TryGetValue(node, out var known))
                known.Vcpus = vcpus;
            else
                _model.Nodes.Add(node, new ModelNode(vcpus));
        });
    }

    private async Task SetStateAsync(ServiceClients clients)
    {
        var node = AnyNode();
        // Mostly enabled, or nothing would move.
        var state = _random.Next(3) == 0 ? (NodeState)_random.Next(2, 4) : NodeState.Enabled;
        var request = new SetNodeStateRequest { NodeId = node, State = state };
        await CallAsync("SetNodeState", Missing(node), () => clients.Nodes.SetNodeStateAsync(request).ResponseAsync, _ => _model.Nodes[node].State = state);
    }

    private async Task DeleteAsync(ServiceClients clients)
    {
        var node = AnyNode();
        var request = new DeleteNodeRequest { NodeId = node, Force = _random.Next(2) == 0 };
        List<string> errors = [.. Missing(node)];
        if (!request.Force && _model.Live.Any(claim => claim.Node == node))
            errors.Add("NODE_HOLDS_CLAIMS");
        await CallAsync("DeleteNode", errors, () => clients.Nodes.DeleteNodeAsync(request).ResponseAsync, _ => _model.Delete(node));
    }

    private async Task ClaimAsync(ServiceClients clients)
    {
        var (node, instance, vcpus) = (AnyNode(), AnyInstance(), _random.Next(1, 6));
        var request = Requests.Claim(node, instance, vcpus);
        var choose = _random.Next(4) == 0;
        List<string> errors = choose
            ? _nodes.All(one => _model.RefusalsOf(one, vcpus).Any()) ? ["NO_CANDIDATE_FITS"] : []
            : [.. _model.RefusalsOf(node, vcpus)];
        if (choose)
            request.NodeId = "";
        if (_model.Holds(instance))
            errors.Add("INSTANCE_ALREADY_CLAIMED");
        await CallAsync(choose ? "ClaimInstance anywhere" : "ClaimInstance", errors, again => again.Claims.ClaimInstanceAsync(request).ResponseAsync, clients, answer =>
        {
            Assert.Empty(_model.RefusalsOf(answer.Claim.NodeId, vcpus));
            Add(answer.Claim);
        });
    }

    private async Task ConfirmAsync(ServiceClients clients)
    {
        var claim = AnyClaim(held: true);
        List<string> errors = claim is null ? ["CLAIM_NOT_FOUND"]
            : claim.IsLive && claim.Role == ClaimRole.Primary ? []
            : ["CLAIM_WRONG_STATE"];
        var request = new ConfirmClaimRequest { ClaimId = claim?.Id ?? "c-1-999999999", RequestId = Unique.RequestId() };
        await CallAsync("ConfirmClaim", errors, again => again.Claims.ConfirmClaimAsync(request).ResponseAsync, clients, _ => claim!.State = ClaimState.Active);
    }

    private async Task RenewOrAbortAsync(ServiceClients clients)
    {
        if (AnyClaim(held: true) is not { } claim)
            return;
        var isHeld = claim is { State: ClaimState.Held, Role: ClaimRole.Primary };
        if (_random.Next(2) == 0)
        {
            var renew = new RenewClaimRequest { ClaimId = claim.Id, Lease = Requests.Seconds(3600) };
            await CallAsync("RenewClaim", isHeld ? [] : ["CLAIM_WRONG_STATE"], () => clients.Claims.RenewClaimAsync(renew).ResponseAsync, _ => { });
            return;
        }

        var abort = new AbortClaimRequest { ClaimId = claim.Id };
        await CallAsync(
            "AbortClaim", isHeld || claim is { State: ClaimState.Aborted, Role: ClaimRole.Primary } ? [] : ["CLAIM_WRONG_STATE"],
            () => clients.Claims.AbortClaimAsync(abort).ResponseAsync, _ => claim.State = ClaimState.Aborted);
    }

    private async Task ReleaseAsync(ServiceClients clients)
    {
        var instance = AnyInstance();
        var request = new ReleaseInstanceRequest { InstanceId = instance, RequestId = Unique.RequestId() };
        await CallAsync(
            "ReleaseInstance", _model.Holds(instance) ? [] : ["INSTANCE_NOT_FOUND"],
            again => again.Claims.ReleaseInstanceAsync(request).ResponseAsync, clients, _ => _model.Release(instance));
    }

    private async Task UpdateInstanceAsync(ServiceClients clients)
    {
        var instance = AnyInstance();
        var request = new UpdateInstanceRequest { InstanceId = instance, VmState = $"state-{_random.Next(3)}" };
        await CallAsync(
            "UpdateInstance", _model.Holds(instance) ? [] : ["INSTANCE_NOT_FOUND"], () => clients.Claims.UpdateInstanceAsync(request).ResponseAsync, _ => { });
    }

    private async Task MoveAsync(ServiceClients clients)
    {
        var (instance, target) = (AnyInstance(), AnyNode());
        var type = (MigrationType)_random.Next(1, 5);
        var primary = _model.Primary(instance);
        var vcpus = type == MigrationType.Resize ? _random.Next(1, 6) : primary?.Vcpus ?? 1;
        List<string> errors = [.. _model.RefusalsOf(target, vcpus)];
        if (_model.MoveOf(instance) is not null)
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
                Resources = Requests.Resources(vcpus),
                RequestId = Unique.RequestId(),
            };
            await CallAsync("ClaimResize", errors, again => again.Resizes.ClaimResizeAsync(resize).ResponseAsync, clients, answer => Add(answer.Migration, answer.Claim));
            return;
        }

        var move = new ClaimMigrationRequest { Type = type, InstanceId = instance, TargetNodeId = target, RequestId = Unique.RequestId() };
        await CallAsync("ClaimMigration", errors, again => again.Migrations.ClaimMigrationAsync(move).ResponseAsync, clients, answer => Add(answer.Migration, answer.Claim));
    }

    private async Task StepOfMoveAsync(ServiceClients clients)
    {
        if (AnyMove() is not { } move)
            return;
        var id = move.Id;
        var request = Unique.RequestId();
        var ofResize = move.Type == MigrationType.Resize;
        switch (_random.Next(4))
        {
            case 0:
                var state = (MigrationState)_random.Next(1, 4);
                var update = new UpdateMigrationRequest { MigrationId = id, State = state, RequestId = request };
                await CallAsync(
                    "UpdateMigration", move.InFlight && state >= move.State ? [] : ["MIGRATION_WRONG_STATE"],
                    again => again.Migrations.UpdateMigrationAsync(update).ResponseAsync, clients, _ => move.State = state);
                break;
            case 1 when ofResize == (_random.Next(8) > 0):
                await CallAsync(
                    "ConfirmResize", Ending(move, MigrationState.Confirmed, ofResize ? null : "MIGRATION_WRONG_TYPE"),
                    again => again.Resizes.ConfirmResizeAsync(new() { MigrationId = id, RequestId = request }).ResponseAsync, clients, _ => Confirm(move));
                break;
            case 1:
                await CallAsync(
                    "ConfirmMigration", Ending(move, MigrationState.Confirmed, ofResize ? "MIGRATION_WRONG_TYPE" : null),
                    again => again.Migrations.ConfirmMigrationAsync(new() { MigrationId = id, RequestId = request }).ResponseAsync, clients, _ => Confirm(move));
                break;
            case 2 when ofResize:
                await CallAsync(
                    "RevertResize", Ending(move, MigrationState.Reverted, null),
                    again => again.Resizes.RevertResizeAsync(new() { MigrationId = id, RequestId = request }).ResponseAsync, clients, _ => End(move, MigrationState.Reverted));
                break;
            case 2:
                await CallAsync(
                    "RevertMigration", Ending(move, MigrationState.Reverted, null),
                    again => again.Migrations.RevertMigrationAsync(new() { MigrationId = id, RequestId = request }).ResponseAsync, clients, _ => End(move, MigrationState.Reverted));
                break;
            default:
                await CallAsync(
                    "FailMigration", Ending(move, MigrationState.Failed, null),
                    again => again.Migrations.FailMigrationAsync(new() { MigrationId = id, RequestId = request }).ResponseAsync, clients, _ => End(move, MigrationState.Failed));
                break;
        }
    }

    // A host as the model knows it, with one thing wrong at most: an instance that is gone, one that nobody claimed, or other amounts.
    private async Task AuditAsync(ServiceClients clients)
    {
        var node = AnyNode();
        if (!_model.Nodes.TryGetValue(node, out var known))
            return;
        var settled = _model.Live.Where(claim => claim.Node == node && claim.State == ClaimState.Active && _model.MoveOf(claim.Instance) is null).ToList();
        var gone = _random.Next(3) == 0 && settled.Count > 0 ? settled[_random.Next(settled.Count)] : null;
        var changed = gone is null && _random.Next(3) == 0 && settled.Count > 0 ? settled[_random.Next(settled.Count)] : null;
        var untracked = gone is null && changed is null ? AnyInstance() : null;
        var vcpus = _random.Next(1, 6);
        var heal = _random.Next(4) > 0;
        var request = new AuditNodeRequest
        {
            NodeId = node,
            Mode = heal ? AuditMode.Heal : AuditMode.Report,
            ObservedGeneration = (await clients.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = node })).Node.Generation,
            Scopes = { AuditScope.Instances },
            RequestId = Unique.RequestId(),
        };
        foreach (var claim in settled.Where(claim => claim != gone))
            request.Instances.Add(Observed(claim.Instance, claim == changed ? vcpus : claim.Vcpus));
        var adopts = untracked is not null && !_model.Holds(untracked) && _model.Used(node) + vcpus <= known.Vcpus;
        if (untracked is not null && !_model.Holds(untracked))
            request.Instances.Add(Observed(untracked, vcpus));

        await CallAsync("AuditNode", [], again => again.Audits.AuditNodeAsync(request).ResponseAsync, clients, answer =>
        {
            if (!heal)
                return;
            if (gone is not null)
                gone.State = ClaimState.Released;
            if (changed is not null && (vcpus <= changed.Vcpus || _model.Used(node) - changed.Vcpus + vcpus <= known.Vcpus))
                changed.Vcpus = vcpus;
            if (adopts)
            {
                var adopted = answer.Audit.Drifts.Single(drift => drift.Kind == DriftKind.UntrackedInstance);
                Assert.Equal(DriftAction.InstanceAdopted, adopted.Action);
                _model.Claims.Add(adopted.ClaimId, new ModelClaim(adopted.ClaimId, node, untracked!, vcpus, ClaimRole.Primary) { State = ClaimState.Active });
            }
        });
    }

    private async Task RepeatAsync(ServiceClients clients)
    {
        if (_accepted.Count == 0)
            return;
        var (answer, again) = _accepted[_random.Next(_accepted.Count)];
        Assert.Equal(answer, await again(clients));
        Count("repeated", "as the first time");
    }

    private static ObservedInstance Observed(string instance, long vcpus) => new()
    {
        Instance = new Instance { InstanceId = instance },
        Resources = { ["VCPU"] = vcpus, ["MEMORY_MB"] = 512 },
    };

    private static string[] Ending(ModelMove move, MigrationState state, string? wrongType) =>
        wrongType is not null ? [wrongType]
        : move.InFlight || move.State == state ? []
        : ["MIGRATION_WRONG_STATE"];

    private void Confirm(ModelMove move)
    {
        if (move.InFlight)
            _model.Confirm(move);
    }

    private void End(ModelMove move, MigrationState state)
    {
        if (move.InFlight)
            _model.End(move, state, ClaimState.Aborted);
    }

    private IEnumerable<string> Missing(string node) => _model.Nodes.ContainsKey(node) ? [] : ["NODE_NOT_FOUND"];

    private void Add(Claim claim) =>
        _model.Claims.Add(claim.ClaimId, new ModelClaim(claim.ClaimId, claim.NodeId, claim.Instance.InstanceId, claim.Resources["VCPU"], claim.Role));

    private void Add(Migration migration, Claim claim)
    {
        Add(claim);
        _model.Moves.Add(
            migration.MigrationId,
            new ModelMove(migration.MigrationId, migration.Type, migration.InstanceId, migration.SourceClaimId, migration.TargetClaimId));
    }

    private Task CallAsync<T>(string what, IEnumerable<string> errors, Func<Task<T>> call, Action<T> accepted)
        where T : IMessage =>
        CallAsync(what, [.. errors], _ => call(), null, accepted);

    // With any reason to refuse the call must be refused for one of them; without one it must be accepted.
    private async Task CallAsync<T>(
        string what, IReadOnlyCollection<string> errors, Func<ServiceClients, Task<T>> call, ServiceClients? clients, Action<T> accepted)
        where T : IMessage
    {
        T answer;
        try
        {
            answer = await call(clients!);
        }
        catch (RpcException cause)
        {
            var failure = RpcFailure.Of(cause);
            Assert.True(errors.Contains(failure.Reason), $"{what}: expected {(errors.Count == 0 ? "success" : string.Join(" or ", errors))}, got {failure}");
            Count(what, failure.Reason);
            return;
        }

        Assert.True(errors.Count == 0, $"{what}: expected {string.Join(" or ", errors)}, was accepted: {answer}");
        accepted(answer);
        Count(what, "accepted");
        if (clients is null)
            return;
        if (_accepted.Count == RememberedMax)
            _accepted.RemoveAt(_random.Next(RememberedMax));
        _accepted.Add((answer, async again => await call(again)));
    }

    private void Count(string what, string how) => Counts[$"{what}: {how}"] = Counts.GetValueOrDefault($"{what}: {how}") + 1;

    private string AnyNode() => _nodes[_random.Next(_nodes.Length)];

    private string AnyInstance() => $"instance-{_random.Next(InstanceCount)}";

    // Mostly one that lives.
    private ModelClaim? AnyClaim(bool held)
    {
        var candidates = _random.Next(10) == 0 ? [.. _model.Claims.Values.Where(claim => !claim.IsLive)] : _model.Live.Where(claim => !held || claim.State == ClaimState.Held).ToList();
        return candidates.Count == 0 ? null : candidates[_random.Next(candidates.Count)];
    }

    private ModelMove? AnyMove()
    {
        var candidates = _random.Next(6) == 0 ? [.. _model.Moves.Values.Where(move => !move.InFlight)] : _model.Moves.Values.Where(move => move.InFlight).ToList();
        return candidates.Count == 0 ? null : candidates[_random.Next(candidates.Count)];
    }
}
