using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ResourceService.Server.Grpc;

/// <summary>
/// The least pace at which requests must come: who opens calls and sends next to nothing would otherwise hold them for ever. Streams of claims may be
/// quiet for long; what is unanswered on them is bounded. Answers have no such pace: on HTTP/2 it cannot be taken back for those who watch.
/// </summary>
internal static class CallPace
{
    // Health is open to everyone, and asks with a name.
    private const int HealthRequestBytesMax = 4 * 1024;
    private const string HealthPath = "/grpc.health.v1.Health";

    // A connection that is slower over the whole time is ended. The time is long for callers that are stopped for a moment.
    private static readonly MinDataRate _ofRequests = new(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(10));

    /// <summary>Sets the pace of all connections.</summary>
    public static void LimitPace(this KestrelServerLimits limits)
    {
        limits.MinRequestBodyDataRate = _ofRequests;
        limits.MinResponseDataRate = null;
    }

    /// <summary>Lets streams of requests take their time, and requests for health no room.</summary>
    public static void UseCallPace(this WebApplication app) => app.Use(static (http, next) =>
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming)
            http.Features.GetRequiredFeature<IHttpMinRequestBodyDataRateFeature>().MinDataRate = null;
        if (http.Request.Path.StartsWithSegments(HealthPath, StringComparison.Ordinal))
            http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = HealthRequestBytesMax;
        return next(http);
    });
}
