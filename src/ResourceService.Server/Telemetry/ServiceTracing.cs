using System.Diagnostics;
using Grpc.Core;

namespace ResourceService.Server.Telemetry;

/// <summary>
/// The spans of the service: one per call, and below it what became of its changes (<see cref="CommandTrace"/>). Without an exporter nobody
/// listens to the source, and each of these methods is a look at a field.
/// </summary>
internal static class ServiceTracing
{
    /// <summary>The source's name.</summary>
    public const string SourceName = "ResourceService";

    // Probes and reflection are no work of the service: their spans would only hide it.
    private const string ContractPrefix = "resourceservice.";

    private const string StreamClaims = "resourceservice.v1.ClaimService/StreamClaims";

    /// <summary>Where all spans come from.</summary>
    public static ActivitySource Source { get; } = new(SourceName, ServiceVersion.Text);

    /// <summary>Starts the span of a call, below the caller's if it sent one; null when nobody listens or it is not of the contract.</summary>
    public static Activity? StartCall(IMethod method, ServerEndpoint server, IHeaderDictionary headers)
    {
        if (!Source.HasListeners() || !method.ServiceName.StartsWith(ContractPrefix, StringComparison.Ordinal))
            return null;
        var caller = ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out var sent) ? sent : default;
        var name = RpcAttributes.MethodOf(method);
        var activity = Source.StartActivity(name, ActivityKind.Server, caller);
        if (activity is { IsAllDataRequested: true })
        {
            Name(activity, name);
            activity.SetTag(RpcAttributes.ServerAddress, server.Address);
            activity.SetTag(RpcAttributes.ServerPort, server.Port);
        }

        return activity;
    }

    /// <summary>
    /// Starts the span of one claim of a stream, in a trace of its own that is sampled on its own and points to the stream: a stream may live
    /// for days, and a trace of a million claims helps nobody.
    /// </summary>
    public static Activity? StartStreamedClaim()
    {
        if (!Source.HasListeners())
            return null;
        ActivityLink[] stream = Activity.Current is { } call ? [new ActivityLink(call.Context)] : [];
        Activity.Current = null;
        var claim = Source.StartActivity("StreamClaims request", ActivityKind.Server, parentContext: default, links: stream);
        if (claim is { IsAllDataRequested: true })
            Name(claim, StreamClaims);
        return claim;
    }

    /// <summary>Ends the span of a call with its gRPC code.</summary>
    public static void End(Activity? call, StatusCode code)
    {
        if (call is null)
            return;
        if (call.IsAllDataRequested)
        {
            call.SetTag(RpcAttributes.StatusCode, MetricLabels.ContractName(code));
            // A refusal is an answer; only what the service failed to do, or does not do at all, is an error of the server.
            if (code is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown or StatusCode.DataLoss or StatusCode.DeadlineExceeded
                or StatusCode.Unimplemented)
                call.SetStatus(ActivityStatusCode.Error, code.ToString());
        }

        call.Dispose();
    }

    private static void Name(Activity call, string method)
    {
        call.SetTag(RpcAttributes.System, RpcAttributes.Grpc);
        call.SetTag(RpcAttributes.Method, method);
    }
}
