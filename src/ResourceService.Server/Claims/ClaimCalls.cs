using System.Runtime.CompilerServices;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Claims;

/// <summary>One wanted claim from its message to its answer: checked, run once per request id, placed.</summary>
internal sealed class ClaimCalls(IdempotentCalls calls, ClaimPlacement placement, ServiceMetrics metrics)
{
    /// <summary>Makes the claim.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="order">The same, checked.</param>
    /// <param name="requestId">The request's id; null when it has none.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="cancellation">Honoured until the claim is decided.</param>
    public ValueTask<CallResult<V1.ClaimInstanceResponse>> ClaimAsync(
        V1.ClaimInstanceRequest request, ClaimOrder order, Guid? requestId, string actor, CancellationToken cancellation) =>
        // A request that only validates changes nothing, so it takes no id.
        order.ValidateOnly
            ? placement.PlaceAsync(order, new RequestStamp(actor, null, 0), cancellation)
            : Counted(calls.RunAsync(
                request, requestId, actor, V1.ClaimInstanceResponse.Parser, stamp => placement.PlaceAsync(order, stamp, cancellation), cancellation));

    /// <summary>Makes a claim of a batch, under an id made from the batch's.</summary>
    public ValueTask<CallResult<V1.ClaimInstanceResponse>> ClaimAsync(ClaimOrder order, RequestStamp stamp, CancellationToken cancellation) =>
        Counted(calls.RunAsync(
            stamp, V1.ClaimInstanceResponse.Parser, identified => placement.PlaceAsync(order, identified, cancellation), cancellation));

    private ValueTask<CallResult<V1.ClaimInstanceResponse>> Counted(ValueTask<CallResult<V1.ClaimInstanceResponse>> claiming) =>
        metrics.CountsClaims ? CountAsync(claiming) : claiming;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<CallResult<V1.ClaimInstanceResponse>> CountAsync(ValueTask<CallResult<V1.ClaimInstanceResponse>> claiming)
    {
        var result = await claiming;
        metrics.ClaimAnswered(result.Error);
        return result;
    }
}
