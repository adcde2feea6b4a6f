using Grpc.Core;
using ResourceService.Load.Checking;
using ResourceService.Load.Servers;
using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Replay;

/// <summary>
/// Carries out single steps: claim and confirm, or release. What the server acknowledges goes into the model; what it refuses is counted, and checked
/// if the step runs alone.
/// </summary>
internal sealed class ReplaySteps(
    ClaimService.ClaimServiceClient claims, RetryingCalls calls, StepIds ids, PlacementStrategy strategy, ReplayModel model, ReplayCounts counts)
{
    // Answers to ask for again after a crash. The server remembers far more; these are the ones whose commits were nearest to the kill.
    private const int KeptClaims = 64;

    private readonly Queue<(ClaimInstanceRequest Request, AcknowledgedClaim Claim)> _recent = new();
    private readonly Lock _recentLock = new();

    /// <summary>Called after each acknowledged claim, before its confirmation is sent.</summary>
    public required Action ClaimAcknowledged { get; init; }

    /// <summary>Room of the fleet, against which refusals are checked.</summary>
    public required FleetRoom Room { get; init; }

    /// <summary>Runs one step and returns what is wrong with its answer, or null.</summary>
    public async Task<string?> RunAsync(ReplayStep step, bool isAlone)
    {
        if (step.IsRelease)
        {
            await ReleaseAsync(step.Request);
            return null;
        }
        if (await ClaimAsync(step.Request) || !isAlone)
        {
            return null;
        }
        counts.CountCheckedRefusal();
        var node = Room.FindNode(step.Request, model.LiveClaims());
        return node is null ? null : $"The claim of {step.Request.Name} was refused, but {node} has room for it.";
    }

    /// <summary>Sends the latest claims once more and returns those that did not get their first answer.</summary>
    public async Task<IReadOnlyList<string>> AskAgainAsync()
    {
        (ClaimInstanceRequest Request, AcknowledgedClaim Claim)[] recent;
        lock (_recentLock)
        {
            recent = [.. _recent];
        }
        var different = new List<string>();
        foreach (var (request, claim) in recent)
        {
            var answer = await calls.CallAsync(options => claims.ClaimInstanceAsync(request, options));
            if (answer.Claim.ClaimId != claim.ClaimId || answer.Claim.NodeId != claim.NodeId)
            {
                different.Add($"A retry for {claim.InstanceId} got claim {answer.Claim.ClaimId} on {answer.Claim.NodeId}; "
                    + $"the first answer was {claim.ClaimId} on {claim.NodeId}.");
            }
        }
        return different;
    }

    /// <summary>Tries the models that will do one after the other and returns whether one was granted.</summary>
    private async Task<bool> ClaimAsync(RequestRow request)
    {
        RpcException? refusal = null;
        foreach (var modelTrait in TraceMapping.ToModelAttempts(request))
        {
            try
            {
                await ClaimAsync(request, modelTrait);
                return true;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted)
            {
                refusal = e;
            }
        }
        if (refusal is not null)
        {
            counts.CountRefused(RefusalText.Of(refusal));
        }
        return false;
    }

    private async Task ClaimAsync(RequestRow row, string? modelTrait)
    {
        var request = new ClaimInstanceRequest
        {
            RequestId = ids.Of(row.Name, $"claim {modelTrait}"),
            Instance = new Instance { InstanceId = row.Name, ProjectId = "replay" },
            Resources = new ResourceRequest { Resources = { TraceMapping.ToResources(row) } },
            Strategy = strategy,
        };
        if (modelTrait is not null)
        {
            request.Resources.RequiredTraits.Add(modelTrait);
        }
        var answer = await calls.CallAsync(options => claims.ClaimInstanceAsync(request, options));
        var amounts = request.Resources.Resources.ToDictionary(StringComparer.Ordinal);
        // Confirmed by the time of the next checkpoint.
        var claim = new AcknowledgedClaim(answer.Claim.ClaimId, row.Name, answer.Claim.NodeId, ClaimState.Active, amounts);
        model.Add(claim);
        counts.CountClaimed();
        Keep(request, claim);
        ClaimAcknowledged();

        var confirmation = new ConfirmClaimRequest { ClaimId = claim.ClaimId, RequestId = ids.Of(row.Name, "confirm") };
        await calls.CallAsync(options => claims.ConfirmClaimAsync(confirmation, options));
        counts.CountConfirmed();
    }

    private async Task ReleaseAsync(RequestRow row)
    {
        // A request that was refused holds nothing.
        if (model.Find(row.Name) is not { } claim)
        {
            return;
        }
        var request = new ReleaseInstanceRequest { InstanceId = row.Name, Reason = "deleted", RequestId = ids.Of(row.Name, "release") };
        await calls.CallAsync(options => claims.ReleaseInstanceAsync(request, options));
        model.Remove(claim);
        counts.CountReleased();
    }

    private void Keep(ClaimInstanceRequest request, AcknowledgedClaim claim)
    {
        lock (_recentLock)
        {
            _recent.Enqueue((request, claim));
            if (_recent.Count > KeptClaims)
            {
                _recent.Dequeue();
            }
        }
    }
}
