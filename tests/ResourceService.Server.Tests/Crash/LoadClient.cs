using Google.Protobuf;

namespace ResourceService.Server.Tests.Crash;

/// <summary>
/// One caller under load, who keeps book: it makes one call at a time, each with a request id, and knows of every call whether it was
/// acknowledged, refused, or cut off. It alone deals with its instances, so after a retry of what was cut off it knows what the ledger must say.
/// </summary>
internal sealed class LoadClient(int seed, IReadOnlyList<string> nodeIds)
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, Claim> _live = [];
    private readonly Dictionary<string, (Migration Migration, Claim Target)> _moves = [];
    private readonly List<Attempt> _acknowledged = [];
    private Attempt? _inDoubt;
    private int _instances;

    /// <summary>What must be live: where instances are, and where they move to.</summary>
    public IEnumerable<Claim> LiveClaims => _live.Values.Concat(_moves.Values.Select(move => move.Target));

    /// <summary>What must be in flight.</summary>
    public IEnumerable<Migration> Moves => _moves.Values.Select(move => move.Migration);

    /// <summary>How many calls were acknowledged.</summary>
    public int AcknowledgedCount => _acknowledged.Count;

    /// <summary>The instances of the call that was cut off, if one was.</summary>
    public IReadOnlyCollection<string> InDoubt => _inDoubt?.Instances ?? [];

    /// <summary>Calls until a call is cut off.</summary>
    public async Task RunAsync(ServiceClients clients)
    {
        while (_inDoubt is null)
        {
            var attempt = Next();
            switch (await attempt.SendAsync(clients))
            {
                case { Answer: { } answer }:
                    Acknowledge(attempt, answer);
                    break;
                case { IsRefusal: false }:
                    _inDoubt = attempt;
                    break;
            }
        }
    }

    /// <summary>Sends again what was cut off, twice: both answers are the same, and from then on its outcome is known.</summary>
    public async Task ResolveAsync(ServiceClients clients)
    {
        if (_inDoubt is not { } attempt)
            return;
        var first = await attempt.SendAsync(clients);
        Assert.True(first.IsRefusal || first.Answer is not null, $"The retry of {attempt.Request} has no outcome: {first.Error}");
        Assert.Equal(first, await attempt.SendAsync(clients));
        if (first.Answer is { } answer)
            Acknowledge(attempt, answer);
        _inDoubt = null;
    }

    /// <summary>Sends again some of what was acknowledged: each gets its first answer.</summary>
    public async Task RepeatAsync(ServiceClients clients, int count)
    {
        // The newest are the likeliest to be lost; the others are drawn from all.
        var chosen = _acknowledged.TakeLast(count).Concat(_random.GetItems(_acknowledged.ToArray(), count)).Distinct();
        await Task.WhenAll(chosen.Select(async attempt => Assert.Equal(attempt.Answer, (await attempt.SendAsync(clients)).Answer)));
    }

    private void Acknowledge(Attempt attempt, IMessage answer)
    {
        _acknowledged.Add(attempt with { Answer = answer });
        attempt.Apply(answer);
    }

    private Attempt Next()
    {
        var live = _live.Values.OrderBy(claim => claim.ClaimId, StringComparer.Ordinal).ToList();
        var held = live.Where(claim => claim.State == ClaimState.Held).ToList();
        var resting = live.Where(claim => claim.State == ClaimState.Active && !_moves.ContainsKey(claim.Instance.InstanceId)).ToList();
        var moves = _moves.Values.Select(move => move.Migration).OrderBy(migration => migration.MigrationId, StringComparer.Ordinal).ToList();
        return _random.Next(16) switch
        {
            < 3 when held.Count > 0 => Confirm(Draw(held)),
            < 4 when held.Count > 0 => Abort(Draw(held)),
            < 7 when live.Count > 3 => Release(Draw(live)),
            < 9 when resting.Count > 0 => StartMove(Draw(resting)),
            < 10 when moves.Count > 0 => UpdateMove(Draw(moves)),
            < 12 when moves.Count > 0 => ConfirmMove(Draw(moves)),
            < 13 when moves.Count > 0 => TakeBack(Draw(moves)),
            < 14 => ClaimGroup(),
            _ => ClaimOne(),
        };
    }

    private Attempt ClaimOne()
    {
        var request = NewClaim();
        // A node of its choice, two candidates, or the service's choice.
        switch (_random.Next(3))
        {
            case 0:
                request.NodeId = nodeIds[_random.Next(nodeIds.Count)];
                break;
            case 1:
                request.CandidateNodeIds.Add([nodeIds[_random.Next(nodeIds.Count)], nodeIds[_random.Next(nodeIds.Count)]]);
                break;
        }

        return Attempt.Of(
            request, [request.Instance.InstanceId], (clients, sent) => clients.Claims.ClaimInstanceAsync(sent), answer => Hold(answer.Claim));
    }

    private Attempt ClaimGroup()
    {
        var request = new ClaimInstancesRequest { RequestId = NewRequestId(), AllOrNothing = true, Requests = { NewClaim(), NewClaim(), NewClaim() } };
        foreach (var item in request.Requests)
            item.RequestId = "";
        return Attempt.Of(
            request,
            [.. request.Requests.Select(item => item.Instance.InstanceId)],
            (clients, sent) => clients.Claims.ClaimInstancesAsync(sent),
            answer =>
            {
                Assert.All(answer.Results, result => Assert.NotNull(result.Claim));
                foreach (var result in answer.Results)
                    Hold(result.Claim);
            });
    }

    private Attempt Confirm(Claim claim) => Attempt.Of(
        new ConfirmClaimRequest { ClaimId = claim.ClaimId, RequestId = NewRequestId() },
        [claim.Instance.InstanceId],
        (clients, sent) => clients.Claims.ConfirmClaimAsync(sent),
        answer => Hold(answer.Claim));

    private Attempt Abort(Claim claim) => Attempt.Of(
        new AbortClaimRequest { ClaimId = claim.ClaimId, RequestId = NewRequestId() },
        [claim.Instance.InstanceId],
        (clients, sent) => clients.Claims.AbortClaimAsync(sent),
        answer => _live.Remove(answer.Claim.Instance.InstanceId));

    private Attempt Release(Claim claim) => Attempt.Of(
        new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId, RequestId = NewRequestId() },
        [claim.Instance.InstanceId],
        (clients, sent) => clients.Claims.ReleaseInstanceAsync(sent),
        answer =>
        {
            Assert.Equal(_moves.Remove(claim.Instance.InstanceId) ? 2 : 1, answer.Claims.Count);
            _live.Remove(claim.Instance.InstanceId);
        });

    private Attempt StartMove(Claim claim)
    {
        var others = nodeIds.Where(nodeId => nodeId != claim.NodeId).ToList();
        if (_random.Next(2) == 0)
        {
            return Attempt.Of(
                new ClaimResizeRequest
                {
                    InstanceId = claim.Instance.InstanceId,
                    TargetNodeId = nodeIds[_random.Next(nodeIds.Count)],
                    Resources = Requests.Resources(_random.Next(1, 5), _random.Next(1, 2048)),
                    RequestId = NewRequestId(),
                },
                [claim.Instance.InstanceId],
                (clients, sent) => clients.Resizes.ClaimResizeAsync(sent),
                answer => _moves.Add(claim.Instance.InstanceId, (answer.Migration, answer.Claim)));
        }

        return Attempt.Of(
            new ClaimMigrationRequest
            {
                Type = Draw([MigrationType.ColdMigration, MigrationType.LiveMigration, MigrationType.Evacuation]),
                InstanceId = claim.Instance.InstanceId,
                TargetNodeId = Draw(others),
                RequestId = NewRequestId(),
            },
            [claim.Instance.InstanceId],
            (clients, sent) => clients.Migrations.ClaimMigrationAsync(sent),
            answer => _moves.Add(claim.Instance.InstanceId, (answer.Migration, answer.Claim)));
    }

    private Attempt UpdateMove(Migration migration) => Attempt.Of(
        new UpdateMigrationRequest
        {
            MigrationId = migration.MigrationId,
            State = migration.State == MigrationState.Preparing ? MigrationState.Running : MigrationState.Finished,
            RequestId = NewRequestId(),
        },
        [migration.InstanceId],
        (clients, sent) => clients.Migrations.UpdateMigrationAsync(sent),
        answer => _moves[migration.InstanceId] = (answer.Migration, _moves[migration.InstanceId].Target));

    private Attempt ConfirmMove(Migration migration) => migration.Type == MigrationType.Resize
        ? Attempt.Of(
            new ConfirmResizeRequest { MigrationId = migration.MigrationId, RequestId = NewRequestId() },
            [migration.InstanceId],
            (clients, sent) => clients.Resizes.ConfirmResizeAsync(sent),
            answer => Arrive(answer.Claim))
        : Attempt.Of(
            new ConfirmMigrationRequest { MigrationId = migration.MigrationId, RequestId = NewRequestId() },
            [migration.InstanceId],
            (clients, sent) => clients.Migrations.ConfirmMigrationAsync(sent),
            answer => Arrive(answer.Claim));

    private Attempt TakeBack(Migration migration) => migration.Type == MigrationType.Resize
        ? Attempt.Of(
            new RevertResizeRequest { MigrationId = migration.MigrationId, RequestId = NewRequestId() },
            [migration.InstanceId],
            (clients, sent) => clients.Resizes.RevertResizeAsync(sent),
            _ => _moves.Remove(migration.InstanceId))
        : Attempt.Of(
            new FailMigrationRequest { MigrationId = migration.MigrationId, RequestId = NewRequestId() },
            [migration.InstanceId],
            (clients, sent) => clients.Migrations.FailMigrationAsync(sent),
            _ => _moves.Remove(migration.InstanceId));

    private void Arrive(Claim claim)
    {
        _moves.Remove(claim.Instance.InstanceId);
        Hold(claim);
    }

    private ClaimInstanceRequest NewClaim()
    {
        var request = Requests.Claim(instanceId: $"i-{seed}-{++_instances}", vcpus: _random.Next(1, 5), memoryMb: _random.Next(1, 2048));
        request.RequestId = NewRequestId();
        return request;
    }

    private void Hold(Claim claim) => _live[claim.Instance.InstanceId] = claim;

    private T Draw<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    private string NewRequestId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _random.NextBytes(bytes);
        return new Guid(bytes).ToString();
    }
}
