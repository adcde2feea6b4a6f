using Google.Rpc;

namespace ResourceService.Server.Tests.Simulation;

/// <summary>What happens to claims of instances that do not move.</summary>
internal sealed class ClaimSteps(FleetCaller caller)
{
    private const int BatchMax = 4;

    // Each is another, so that each changes something.
    private int _states;

    private FleetModel Model => caller.Model;

    private Random Random => caller.Random;

    public Task ClaimAsync()
    {
        var (request, size) = AnyRequest();
        var node = request.NodeId;
        var choose = Random.Next(4) == 0;
        List<string> errors = choose
            ? caller.Nodes.All(one => Model.RefusalsOf(one, size, request.Instance.InstanceId).Any()) ? ["NO_CANDIDATE_FITS"] : []
            : [.. Model.RefusalsOf(node, size, request.Instance.InstanceId)];
        if (choose)
            request.NodeId = "";
        if (Model.Holds(request.Instance.InstanceId))
            errors.Add("INSTANCE_ALREADY_CLAIMED");
        return caller.CallAsync(
            choose ? "ClaimInstance anywhere" : "ClaimInstance", errors, clients => clients.Claims.ClaimInstanceAsync(request).ResponseAsync, answer =>
            {
                Assert.Empty(Model.RefusalsOf(answer.Claim.NodeId, size, request.Instance.InstanceId));
                Model.Add(answer.Claim, size);
            });
    }

    /// <summary>Several at once: a batch, a batch of which all or nothing is made, or a stream.</summary>
    public Task ClaimManyAsync()
    {
        var asked = Enumerable.Range(0, Random.Next(2, BatchMax + 1))
            .Select(_ => AnyRequest())
            .DistinctBy(one => one.Request.Instance.InstanceId)
            .ToList();
        var requests = asked.Select(one => one.Request).ToList();
        var errors = ErrorsOf(asked);
        if (Random.Next(3) == 0)
        {
            return caller.CallAsync(
                "StreamClaims", [], clients => StreamAsync(clients, requests), answer => Add("StreamClaims", answer, asked, errors), AllAccepted);
        }

        var batch = new ClaimInstancesRequest { RequestId = Unique.RequestId(), Requests = { requests }, AllOrNothing = Random.Next(2) == 0 };
        if (batch.AllOrNothing && errors.Any(each => each.Count > 0))
            errors.ForEach(each => each.Add("BATCH_NOT_APPLIED"));
        var what = batch.AllOrNothing ? "ClaimInstances all or nothing" : "ClaimInstances";
        return caller.CallAsync(
            what, [], async clients => Answered(await clients.Claims.ClaimInstancesAsync(batch)), answer => Add(what, answer, asked, errors), AllAccepted);
    }

    public Task ConfirmAsync()
    {
        var claim = caller.AnyClaim();
        string[] errors = claim is null ? ["CLAIM_NOT_FOUND"]
            : claim.IsLive && claim.Role == ClaimRole.Primary ? []
            : ["CLAIM_WRONG_STATE"];
        var request = new ConfirmClaimRequest { ClaimId = claim?.Id ?? "c-1-999999999", RequestId = Unique.RequestId() };
        return caller.CallAsync(
            "ConfirmClaim", errors, clients => clients.Claims.ConfirmClaimAsync(request).ResponseAsync, _ =>
            {
                if (claim!.State == ClaimState.Active)
                    return;
                claim.State = ClaimState.Active;
                Model.Touch(claim);
            });
    }

    public async Task RenewOrAbortAsync()
    {
        if (caller.AnyClaim() is not { } claim)
            return;
        var isHeld = claim is { State: ClaimState.Held, Role: ClaimRole.Primary };
        if (Random.Next(2) == 0)
        {
            var renew = new RenewClaimRequest { ClaimId = claim.Id, Lease = Requests.Seconds(3600), RequestId = Unique.RequestId() };
            await caller.CallAsync(
                "RenewClaim", isHeld ? [] : ["CLAIM_WRONG_STATE"], clients => clients.Claims.RenewClaimAsync(renew).ResponseAsync, _ => { });
            return;
        }

        var abort = new AbortClaimRequest { ClaimId = claim.Id, RequestId = Unique.RequestId() };
        await caller.CallAsync(
            "AbortClaim", isHeld || claim is { State: ClaimState.Aborted, Role: ClaimRole.Primary } ? [] : ["CLAIM_WRONG_STATE"],
            clients => clients.Claims.AbortClaimAsync(abort).ResponseAsync, _ =>
            {
                if (claim.IsLive)
                    Model.End(claim, ClaimState.Aborted);
            });
    }

    public Task ReleaseAsync()
    {
        var request = new ReleaseInstanceRequest { InstanceId = caller.AnyInstance(), RequestId = Unique.RequestId() };
        return caller.CallAsync(
            "ReleaseInstance", Model.Live.Any(claim => claim.Instance == request.InstanceId) ? [] : ["INSTANCE_NOT_FOUND"], clients => clients.Claims.ReleaseInstanceAsync(request).ResponseAsync,
            _ => Model.Release(request.InstanceId));
    }

    public Task UpdateInstanceAsync()
    {
        var request = new UpdateInstanceRequest { InstanceId = caller.AnyInstance(), VmState = $"state-{++_states}", RequestId = Unique.RequestId() };
        return caller.CallAsync(
            "UpdateInstance", Unknown(request.InstanceId), clients => clients.Claims.UpdateInstanceAsync(request).ResponseAsync,
            _ => Model.Touch(Model.Primary(request.InstanceId) ?? Model.Live.Single(claim => claim.Instance == request.InstanceId && claim.Role == ClaimRole.MoveTarget)));
    }

    private static bool AllAccepted(ClaimInstancesResponse answer) => answer.Results.All(result => result.Claim is not null);

    // The answers of a stream as those of a batch.
    private static async Task<ClaimInstancesResponse> StreamAsync(ServiceClients clients, List<ClaimInstanceRequest> requests)
    {
        using var stream = clients.Claims.StreamClaims();
        foreach (var request in requests)
            await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = request });
        await stream.RequestStream.CompleteAsync();
        var answers = new Dictionary<string, StreamClaimsResponse>(StringComparer.Ordinal);
        await foreach (var answer in stream.ResponseStream.ReadAllAsync())
            answers.Add(answer.RequestId, answer);
        return Answered(new ClaimInstancesResponse
        {
            Results =
            {
                requests.Select(request => answers[request.RequestId]).Select(answer => answer.Claim is { } claim
                    ? new ClaimResult { RequestId = answer.RequestId, Claim = claim }
                    : new ClaimResult { RequestId = answer.RequestId, Error = answer.Error }),
            },
        });
    }

    // What has no answer in one part has none.
    private static ClaimInstancesResponse Answered(ClaimInstancesResponse response) =>
        response.Results.FirstOrDefault(result => result.Error?.Code == (int)Code.Unavailable) is { } result ? throw result.Error.ToRpcException() : response;

    private (ClaimInstanceRequest Request, ModelSize Size) AnyRequest()
    {
        var size = ModelSize.Any(Random);
        var request = Requests.Claim(caller.AnyNode(), caller.AnyInstance());
        request.Resources = size.ToRequest();
        request.Lease = Requests.Seconds(3600);
        return (request, size);
    }

    // The reasons to refuse each of some requests that are decided one after the other.
    private List<List<string>> ErrorsOf(List<(ClaimInstanceRequest Request, ModelSize Size)> asked)
    {
        var taken = new Dictionary<string, ModelSize>(StringComparer.Ordinal);
        var errors = new List<List<string>>();
        foreach (var (request, size) in asked)
        {
            var before = taken.GetValueOrDefault(request.NodeId);
            var instance = request.Instance.InstanceId;
            List<string> refusals = [.. Model.RefusalsOf(request.NodeId, before + size, instance)];
            if (Model.Holds(instance))
                refusals.Add("INSTANCE_ALREADY_CLAIMED");
            if (refusals.Count == 0)
                taken[request.NodeId] = before + size - (Model.Observed(request.NodeId, instance)?.Size ?? default);
            errors.Add(refusals);
        }

        return errors;
    }

    private void Add(
        string what, ClaimInstancesResponse answer, List<(ClaimInstanceRequest Request, ModelSize Size)> asked, List<List<string>> errors)
    {
        foreach (var (result, (_, size), expected) in answer.Results.Zip(asked, errors))
        {
            var reason = result.Error is null ? null : new RpcFailure(result.Error).Reason;
            Assert.True(
                reason is null ? expected.Count == 0 : expected.Contains(reason),
                $"{what}: expected {(expected.Count == 0 ? "success" : string.Join(" or ", expected))}, got {result}");
            if (reason is null)
                Model.Add(result.Claim, size);
            caller.Count($"{what}, each", reason ?? "accepted");
        }
    }

    private string[] Unknown(string instance) => Model.Holds(instance) ? [] : ["INSTANCE_NOT_FOUND"];
}
