using System.IO.Hashing;
using System.Runtime.InteropServices;
using Google.Protobuf;
using ResourceService.Server.Grpc;
using ResourceService.Server.History;
using ResourceService.Server.Nodes;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Claims;

/// <summary>
/// One ClaimInstances call: every claim on its own, or all or nothing.
///
/// With claims on their own, a batch with an id goes on where it was interrupted. That it was begun is remembered no later than its first claim, each
/// claim is remembered by itself, and the batch's answer is remembered where the claims cannot tell it: when one was refused.
/// </summary>
internal sealed class ClaimBatch(
    ClaimCalls claims, IdempotentCalls calls, GroupClaim group, FleetServices fleet, ServiceMetrics metrics, RefusalLog refusals)
{
    /// <summary>The most claims in one batch.</summary>
    public const int ClaimsMax = 1000;

    // What a batch that was begun is remembered with: no answer has no results.
    private static readonly byte[] _begun = [];

    /// <summary>Carries the batch out.</summary>
    public ValueTask<CallResult<V1.ClaimInstancesResponse>> RunAsync(
        V1.ClaimInstancesRequest request, string actor, CancellationToken cancellation)
    {
        var violations = new FieldViolations();
        var batchId = violations.RequestId("request_id", request.RequestId);
        var orders = Read(request, batchId, violations, out var requestIds);
        violations.ThrowIfAny();

        if (request.AllOrNothing)
            return TogetherAsync(request, orders, batchId ?? IdOf(requestIds), requestIds, actor, cancellation);
        // A batch that only validates changes nothing, so it takes no id.
        var id = orders.TrueForAll(static order => order.ValidateOnly) ? null : batchId;
        return calls.RunAsync(
            new RequestStamp(actor, id, id is null ? 0 : Fingerprints.Of(request)),
            V1.ClaimInstancesResponse.Parser,
            stamp => EachAsync(request, orders, requestIds, stamp, cancellation),
            cancellation,
            goesOn: true);
    }

    // The batch is one request: it is known by its own id or, without one, by those inside together. Those are remembered as well, each with its claim.
    private async ValueTask<CallResult<V1.ClaimInstancesResponse>> TogetherAsync(
        V1.ClaimInstancesRequest request, List<ClaimOrder> orders, Guid? id, List<Guid?> requestIds, string actor, CancellationToken cancellation)
    {
        var result = await calls.RunAsync(
            request,
            id,
            actor,
            V1.ClaimInstancesResponse.Parser,
            stamp =>
            {
                var inner = requestIds
                    .Select((requestId, i) => new RequestStamp(actor, requestId, requestId is null ? 0 : Fingerprints.Of(request.Requests[i])))
                    .ToList();
                return calls.RunAllAsync(
                    inner.Where(part => part.RequestId is not null),
                    () => group.ClaimAsync(orders, inner, stamp),
                    reused => Refused(requestIds, reused),
                    cancellation);
            },
            cancellation);
        for (var i = 0; i < (result.Reply?.Results.Count ?? 0); i++)
        {
            result.Reply!.Results[i].RequestId = request.Requests[i].RequestId;
            metrics.ClaimAnswered(result.Reply.Results[i].Error);
        }

        Note(request, actor, result.Reply);

        return result;
    }

    private void Note(V1.ClaimInstancesRequest request, string actor, V1.ClaimInstancesResponse? response)
    {
        for (var i = 0; i < (response?.Results.Count ?? 0); i++)
        {
            if (response!.Results[i].Error is { } error)
                refusals.Note("ClaimInstances", actor, request.Requests[i], error);
        }
    }

    private static V1.ClaimInstancesResponse Refused(List<Guid?> requestIds, Guid reused) => new()
    {
        Results = { requestIds.Select(id => new V1.ClaimResult { Error = id == reused ? RpcErrors.RequestIdReused(reused) : RpcErrors.BatchNotApplied() }) },
    };

    private async ValueTask<CallResult<V1.ClaimInstancesResponse>> EachAsync(
        V1.ClaimInstancesRequest request, List<ClaimOrder> orders, List<Guid?> requestIds, RequestStamp batch, CancellationToken cancellation)
    {
        // To remember it would take what is kept for the way out.
        if (batch.RequestId is not null && fleet.Committer.IsNearlyFull)
            return RpcErrors.Of(new CommandOutcome(CommandStatus.StoreNearlyFull), "");
        var begun = batch.RequestId is null ? Task.FromResult(true) : RememberedAnswer.KeepAsync(fleet, batch, _begun);
        var running = new Task<CallResult<V1.ClaimInstanceResponse>>[orders.Count];
        for (var i = 0; i < running.Length; i++)
        {
            // A claim without an id of its own is remembered under one made of the batch's id and its place.
            var claiming = batch.RequestId is { } id && requestIds[i] is null && !orders[i].ValidateOnly
                ? claims.ClaimAsync(orders[i], batch with { RequestId = IdAt(id, i) }, cancellation)
                : claims.ClaimAsync(request.Requests[i], orders[i], requestIds[i], batch.Actor, cancellation);
            running[i] = claiming.AsTask();
        }

        // All of them, also when the caller is gone: a retry goes on only when nothing of this attempt does.
        var results = await Task.WhenAll(running);
        var response = new V1.ClaimInstancesResponse
        {
            Results =
            {
                results.Select((result, i) => result.Reply is { } reply
                    ? new V1.ClaimResult { RequestId = request.Requests[i].RequestId, Claim = reply.Claim, Warnings = { reply.Warnings } }
                    : new V1.ClaimResult { RequestId = request.Requests[i].RequestId, Error = result.Error }),
            },
        };
        Note(request, batch.Actor, response);
        var isBegun = await begun;
        if (batch.RequestId is null || (isBegun && results.Zip(orders).All(static pair => pair.First.Reply is not null && !pair.Second.ValidateOnly)))
            return response;
        // An answer that asks to come again is not the last word: a retry makes those claims anew.
        var isFinal = results.All(static result => result.Error is not { } error || RpcErrors.IsFinal(error));
        return (isBegun && !isFinal) || await RememberedAnswer.KeepAsync(fleet, batch, isFinal ? response.ToByteArray() : _begun)
            ? response
            : RpcErrors.Of(new CommandOutcome(CommandStatus.InDoubt), "");
    }

    private static List<ClaimOrder> Read(
        V1.ClaimInstancesRequest request, Guid? batchId, FieldViolations violations, out List<Guid?> requestIds)
    {
        var orders = new List<ClaimOrder>();
        requestIds = [];
        if (request.Requests.Count == 0)
            violations.Add("requests", "must have at least one element");
        violations.CountAtMost("requests", request.Requests.Count, ClaimsMax);
        var instances = new HashSet<string>(StringComparer.Ordinal);
        var ids = new HashSet<Guid>();
        for (var i = 0; i < Math.Min(request.Requests.Count, ClaimsMax); i++)
        {
            var item = request.Requests[i];
            violations.Enter("requests", i);
            var requestId = violations.RequestId("request_id", item.RequestId);
            if (ClaimRequests.Read(item, violations) is { } order)
                orders.Add(order);
            requestIds.Add(requestId);
            if (requestId is { } id && !ids.Add(id))
                violations.Add("request_id", item.RequestId, "is used twice in the batch");
            if (requestId is not null && requestId == batchId)
                violations.Add("request_id", item.RequestId, "is the batch's own");
            if (item.Instance is { } instance && !instances.Add(instance.InstanceId))
                violations.Add("instance.instance_id", instance.InstanceId, "is in the batch twice");
            if (request.AllOrNothing && item.ValidateOnly)
                violations.Add("validate_only", "must be unset in an all_or_nothing batch");
            violations.Leave();
        }

        return orders;
    }

    // One id for all of them; null when one is missing.
    private static Guid? IdOf(IReadOnlyList<Guid?> ids)
    {
        var hash = new XxHash128();
        foreach (var id in ids)
        {
            if (id is not { } known)
                return null;
            hash.Append(known.ToByteArray());
        }

        return new Guid(hash.GetCurrentHash());
    }

    private static Guid IdAt(Guid batch, int place)
    {
        Span<byte> bytes = stackalloc byte[20];
        MemoryMarshal.Write(bytes, in batch);
        MemoryMarshal.Write(bytes[16..], in place);
        return new Guid(XxHash128.Hash(bytes));
    }
}
