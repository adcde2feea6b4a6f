using System.Diagnostics;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Grpc;

/// <summary>Times each call and gives it a span. Outermost, so that it sees what the caller sees; absent when nobody asked for either.</summary>
internal sealed class CallTelemetry(ServiceMetrics metrics) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        using var call = new ObservedCall(metrics, context);
        try
        {
            var response = await continuation(request, context);
            call.Code = context.Status.StatusCode;
            return response;
        }
        catch (RpcException cause)
        {
            call.Code = cause.StatusCode;
            throw;
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var call = new ObservedCall(metrics, context);
        try
        {
            await continuation(requestStream, responseStream, context);
            call.Code = context.Status.StatusCode;
        }
        catch (RpcException cause)
        {
            call.Code = cause.StatusCode;
            throw;
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var call = new ObservedCall(metrics, context);
        try
        {
            await continuation(request, responseStream, context);
            call.Code = context.Status.StatusCode;
        }
        catch (RpcException cause)
        {
            call.Code = cause.StatusCode;
            throw;
        }
    }

    private sealed class ObservedCall : IDisposable
    {
        private readonly ServiceMetrics _metrics;
        private readonly ServerCallContext _context;
        private readonly IMethod _method;
        private readonly Activity? _span;
        private readonly long _start;

        public ObservedCall(ServiceMetrics metrics, ServerCallContext context)
        {
            _metrics = metrics;
            _context = context;
            // Not the path of the request: that is the caller's text, which may be written in many ways for one method.
            _method = context.GetHttpContext().GetEndpoint()!.Metadata.GetMetadata<GrpcMethodMetadata>()!.Method;
            _start = Stopwatch.GetTimestamp();
            _span = ServiceTracing.StartCall(_method, context);
            Code = StatusCode.Unknown;
        }

        /// <summary>How the call ended. Unless it is set, nothing that the contract knows ended it.</summary>
        public StatusCode Code { get; set; }

        public void Dispose()
        {
            // Who left early is told nothing, whatever the handler threw.
            var code = Code == StatusCode.Unknown && _context.CancellationToken.IsCancellationRequested ? StatusCode.Cancelled : Code;
            if (_metrics.TimesCalls)
                _metrics.CallEnded(_method.Name, code, Stopwatch.GetElapsedTime(_start));
            ServiceTracing.End(_span, code);
        }
    }
}
