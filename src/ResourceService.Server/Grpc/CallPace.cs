using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using ResourceService.Server.Options;

namespace ResourceService.Server.Grpc;

/// <summary>
/// The least pace at which requests must come and answers be taken: who opens calls and sends or reads next to nothing would otherwise hold them for
/// ever. Streams of claims may be quiet for long; what is unanswered on them is bounded. So may watches: of a connection on which nothing waits to be
/// sent no pace is asked.
/// </summary>
internal static class CallPace
{
    // Health is open to everyone, and asks with a name.
    private const int HealthRequestBytesMax = 4 * 1024;
    private const string HealthService = "grpc.health.v1.Health";

    // A connection that is slower over the whole time is ended. The time is long for callers that are stopped for a moment.
    private static readonly MinDataRate _ofRequests = new(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(10));

    // What a connection took faster than this counts in its favour later. So it is much: a client that has taken a gigabyte may stand still for less
    // than a minute more than others, and one that takes a little now and then is never ended.
    private const double AnswerBytesPerSecond = 32 * 1024 * 1024;

    /// <summary>Sets the pace of all connections.</summary>
    public static void LimitPace(this KestrelServerLimits limits, RequestOptions options)
    {
        limits.MinRequestBodyDataRate = _ofRequests;
        limits.MinResponseDataRate = new MinDataRate(AnswerBytesPerSecond, TimeSpan.FromSeconds(options.AnswerStallSeconds));
    }

    /// <summary>Lets streams of requests take their time, and requests for health no room.</summary>
    public static void UseCallPace(this WebApplication app) => app.Use(static (http, next) =>
    {
        // Not the path of the request: that is the caller's text, which may be written in many ways for one method.
        var method = http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method;
        if (method?.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming)
            http.Features.GetRequiredFeature<IHttpMinRequestBodyDataRateFeature>().MinDataRate = null;
        if (method?.ServiceName == HealthService)
            http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = HealthRequestBytesMax;
        return next(http);
    });
}
