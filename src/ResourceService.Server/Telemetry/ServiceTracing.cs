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

    /// <summary>Where all spans come from.</summary>
    public static ActivitySource Source { get; } = new(SourceName);

    /// <summary>Starts the span of a call, below the caller's if it sent one; null when nobody listens or it is not of the contract.</summary>
    public static Activity? StartCall(IMethod method, ServerCallContext context)
    {
        if (!Source.HasListeners() || !method.ServiceName.StartsWith(ContractPrefix, StringComparison.Ordinal))
            return null;
        var headers = context.GetHttpContext().Request.Headers;
        var caller = ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out var sent) ? sent : default;
        // The names are those of OpenTelemetry's conventions for RPC.
        var activity = Source.StartActivity(method.FullName[1..], ActivityKind.Server, caller);
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("rpc.system", "grpc");
            activity.SetTag("rpc.service", method.ServiceName);
            activity.SetTag("rpc.method", method.Name);
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
        return Source.StartActivity("StreamClaims request", ActivityKind.Server, parentContext: default, links: stream);
    }

    /// <summary>Ends the span of a call with its gRPC code.</summary>
    public static void End(Activity? call, StatusCode code)
    {
        if (call is null)
            return;
        if (call.IsAllDataRequested)
        {
            call.SetTag("rpc.grpc.status_code", (int)code);
            // A refusal is an answer; only what the service failed to do is an error of the server.
            if (code is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown or StatusCode.DataLoss or StatusCode.DeadlineExceeded)
                call.SetStatus(ActivityStatusCode.Error, code.ToString());
        }

        call.Dispose();
    }
}
