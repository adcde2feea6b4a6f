using Google.Protobuf.WellKnownTypes;
using ResourceService.Load.Checking;
using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Soaking;

/// <summary>The steps of claims: each sends one request, checks the answer against the books, and writes it there.</summary>
internal sealed class SoakClaims(SoakClients clients, SoakFleet fleet, SoakRecord record, RandomSequence random)
{
    private static readonly TimeSpan _expiryTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _expiryPoll = TimeSpan.FromMilliseconds(250);

    public async Task ClaimAsync(string instanceId, string requestId) =>
        record.Add(new SoakInstance(await ClaimAsync(CreateRequest(instanceId, requestId))));

    /// <summary>Leaves a claim to its lease: the service must end it by itself, also when it is killed in between.</summary>
    public async Task LetExpireAsync(string instanceId, string requestId)
    {
        var request = CreateRequest(instanceId, requestId);
        request.Lease = Duration.FromTimeSpan(TimeSpan.FromSeconds(1));
        var claim = await ClaimAsync(request);
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await clients.CallAsync(options => clients.Claims.GetClaimAsync(new GetClaimRequest { ClaimId = claim.ClaimId }, options));
            if (answer.Claim.State == ClaimState.Expired)
            {
                return;
            }
            WrongAnswerException.Check(answer.Claim, claim);
            WrongAnswerException.Require(
                TimeProvider.System.GetElapsedTime(since) < _expiryTimeout, $"{claim.ClaimId} is held a minute after its lease of a second");
            await Task.Delay(_expiryPoll);
        }
    }

    public async Task ConfirmAsync(SoakInstance instance, string requestId)
    {
        var request = new ConfirmClaimRequest { ClaimId = instance.Claim.ClaimId, RequestId = requestId };
        var answer = await clients.CallAsync(options => clients.Claims.ConfirmClaimAsync(request, options));
        instance.Claim = WrongAnswerException.Check(answer.Claim, instance.Claim with { State = ClaimState.Active });
    }

    public async Task RenewAsync(SoakInstance instance, string requestId)
    {
        var request = new RenewClaimRequest { ClaimId = instance.Claim.ClaimId, RequestId = requestId };
        var answer = await clients.CallAsync(options => clients.Claims.RenewClaimAsync(request, options));
        WrongAnswerException.Check(answer.Claim, instance.Claim);
    }

    public async Task AbortAsync(SoakInstance instance, string requestId)
    {
        var request = new AbortClaimRequest { ClaimId = instance.Claim.ClaimId, RequestId = requestId, Reason = "the build failed" };
        var answer = await clients.CallAsync(options => clients.Claims.AbortClaimAsync(request, options));
        CheckEnded(answer.Claim, instance.Claim, ClaimState.Aborted);
        record.Remove(instance);
    }

    public async Task ReleaseAsync(SoakInstance instance, string requestId)
    {
        var request = new ReleaseInstanceRequest { InstanceId = instance.InstanceId, RequestId = requestId, Reason = "deleted" };
        var answer = await clients.CallAsync(options => clients.Claims.ReleaseInstanceAsync(request, options));
        var known = instance.Claims.ToArray();
        WrongAnswerException.Require(answer.Claims.Count == known.Length, $"{known.Length} claims were known, released were {answer.Claims}");
        foreach (var claim in known)
        {
            var released = answer.Claims.FirstOrDefault(released => released.ClaimId == claim.ClaimId);
            WrongAnswerException.Require(released is not null, $"{claim.ClaimId} was known, released were {answer.Claims}");
            CheckEnded(released!, claim, ClaimState.Released);
        }
        record.Remove(instance);
    }

    public async Task UpdateAsync(SoakInstance instance, string requestId)
    {
        var request = new UpdateInstanceRequest
        {
            InstanceId = instance.InstanceId,
            RequestId = requestId,
            VmState = "active",
            PowerState = random.Below(2) == 0 ? "running" : "shutdown",
        };
        var answer = await clients.CallAsync(options => clients.Claims.UpdateInstanceAsync(request, options));
        WrongAnswerException.Require(answer.Instance.PowerState == request.PowerState, $"sent {request}, got {answer}");
    }

    public async Task ReadAsync(SoakInstance instance)
    {
        foreach (var claim in instance.Claims)
        {
            var answer = await clients.CallAsync(options => clients.Claims.GetClaimAsync(new GetClaimRequest { ClaimId = claim.ClaimId }, options));
            WrongAnswerException.Check(answer.Claim, claim);
        }
    }

    private async Task<AcknowledgedClaim> ClaimAsync(ClaimInstanceRequest request)
    {
        var answer = await clients.CallAsync(options => clients.Claims.ClaimInstanceAsync(request, options));
        var claim = answer.Claim;
        WrongAnswerException.Require(
            (request.NodeId.Length == 0 || claim.NodeId == request.NodeId)
                && (request.CandidateNodeIds.Count == 0 || request.CandidateNodeIds.Contains(claim.NodeId)),
            $"asked for {request.NodeId}{request.CandidateNodeIds}, got {claim.NodeId}");
        var amounts = request.Resources.Resources.ToDictionary(StringComparer.Ordinal);
        var asked = new AcknowledgedClaim(claim.ClaimId, request.Instance.InstanceId, claim.NodeId, ClaimState.Held, amounts);
        return WrongAnswerException.Check(claim, asked);
    }

    /// <summary>Half of the claims name their node, most others leave the choice to the service.</summary>
    private ClaimInstanceRequest CreateRequest(string instanceId, string requestId)
    {
        var request = new ClaimInstanceRequest
        {
            RequestId = requestId,
            Instance = new Instance { InstanceId = instanceId, ProjectId = $"project-{random.Below(20)}" },
            Resources = new ResourceRequest(),
        };
        foreach (var (resourceClass, amount) in SoakFleet.PickFlavor(random))
        {
            request.Resources.Resources[resourceClass] = amount;
        }
        switch (random.Below(10))
        {
            case < 5:
                request.NodeId = fleet.PickNode(random);
                break;
            case 5:
                request.CandidateNodeIds.Add(new[] { fleet.PickNode(random), fleet.PickNode(random), fleet.PickNode(random) }.Distinct());
                break;
        }
        return request;
    }

    /// <summary>An ended claim holds nothing; which amounts it still shows does not matter.</summary>
    private static void CheckEnded(Claim ended, AcknowledgedClaim known, ClaimState state) =>
        WrongAnswerException.Require(
            ended.ClaimId == known.ClaimId && ended.NodeId == known.NodeId && ended.State == state, $"{known} should be {state}, got {ended}");
}
