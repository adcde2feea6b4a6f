using System.IO.Hashing;
using System.Runtime.InteropServices;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Claims;

/// <summary>One ClaimInstances call: every claim on its own, or all or nothing.</summary>
internal sealed class ClaimBatch(ClaimCalls claims, IdempotentCalls calls, GroupClaim group, ServiceMetrics metrics)
{
    /// <summary>The most claims in one batch.</summary>
    public const int ClaimsMax = 1000;

    /// <summary>Carries the batch out.</summary>
    public async Task<CallResult<V1.ClaimInstancesResponse>> RunAsync(
        V1.ClaimInstancesRequest request, string actor, CancellationToken cancellation)
    {
        var violations = new FieldViolations();
        var batchId = violations.RequestId("request_id", request.RequestId);
        var orders = Read(request, violations, out var requestIds);
        violations.ThrowIfAny();

        if (request.AllOrNothing)
        {
            // The batch is one request: it is known by its own id or, without one, by those inside, which otherwise only label the results.
            var result = await calls.RunAsync(
                request, batchId ?? IdOf(requestIds), actor, V1.ClaimInstancesResponse.Parser, stamp => group.ClaimAsync(orders, stamp), cancellation);
            for (var i = 0; i < (result.Reply?.Results.Count ?? 0); i++)
            {
                result.Reply!.Results[i].RequestId = request.Requests[i].RequestId;
                metrics.ClaimAnswered(result.Reply.Results[i].Error);
            }

            return result;
        }

        // A claim without an id of its own is remembered under one made of the batch's id and its place.
        var fingerprint = batchId is null ? 0 : Fingerprints.Of(request);
        var running = new Task<CallResult<V1.ClaimInstanceResponse>>[orders.Count];
        for (var i = 0; i < running.Length; i++)
        {
            var claiming = batchId is { } id && requestIds[i] is null
                ? claims.ClaimAsync(orders[i], new RequestStamp(actor, IdAt(id, i), fingerprint), cancellation)
                : claims.ClaimAsync(request.Requests[i], orders[i], requestIds[i], actor, cancellation);
            running[i] = claiming.AsTask();
        }

        var response = new V1.ClaimInstancesResponse();
        for (var i = 0; i < running.Length; i++)
        {
            var result = await running[i];
            response.Results.Add(result.Reply is { } reply
                ? new V1.ClaimResult { RequestId = request.Requests[i].RequestId, Claim = reply.Claim }
                : new V1.ClaimResult { RequestId = request.Requests[i].RequestId, Error = result.Error });
        }

        return response;
    }

    private static List<ClaimOrder> Read(V1.ClaimInstancesRequest request, FieldViolations violations, out List<Guid?> requestIds)
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
