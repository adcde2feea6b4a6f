using Google.Rpc;
using Grpc.Core;
using ResourceService.V1;

namespace ResourceService.Load.Replay;

/// <summary>Says in a few words why a claim was refused, from the details that the server attaches to the status.</summary>
internal static class RefusalText
{
    private const string DetailsTrailer = "grpc-status-details-bin";

    /// <summary>The reason, and what most nodes lacked, for example "NO_CANDIDATE_FITS, mostly CapacityExceeded CUSTOM_GPU_MILLI".</summary>
    public static string Of(RpcException refusal)
    {
        var details = refusal.Trailers.GetValueBytes(DetailsTrailer) is { } bytes ? Google.Rpc.Status.Parser.ParseFrom(bytes) : null;
        var reason = details?.GetDetail<ErrorInfo>()?.Reason ?? $"{refusal.StatusCode} without a reason";
        return details?.GetDetail<RefusalSummary>() is { Refusals: [var most, ..] } ? $"{reason}, mostly {most.Reason} {most.ResourceClass}".TrimEnd() : reason;
    }
}
