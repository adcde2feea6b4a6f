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
    private readonly List<Attempt> _acknowledged = [];
    private Attempt? _inDoubt;
    private int _instances;

    /// <summary>What must be live, by instance.</summary>
    public IReadOnlyDictionary<string, Claim> Live => _live;

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
        return _random.Next(10) switch
        {
            < 2 when held.Count > 0 => Confirm(Draw(held)),
            < 3 when held.Count > 0 => Abort(Draw(held)),
            < 6 when live.Count > 3 => Release(Draw(live)),
            < 7 => ClaimGroup(),
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
        answer => _live.Remove(Assert.Single(answer.Claims).Instance.InstanceId));

    private ClaimInstanceRequest NewClaim()
    {
        var request = Requests.Claim(instanceId: $"i-{seed}-{++_instances}", vcpus: _random.Next(1, 5), memoryMb: _random.Next(1, 2048));
        request.RequestId = NewRequestId();
        return request;
    }

    private void Hold(Claim claim) => _live[claim.Instance.InstanceId] = claim;

    private T Draw<T>(List<T> items) => items[_random.Next(items.Count)];

    private string NewRequestId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _random.NextBytes(bytes);
        return new Guid(bytes).ToString();
    }
}
