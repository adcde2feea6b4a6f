using System.Diagnostics;
using Google.Protobuf;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using ResourceService.Server.Telemetry;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>Times each call and gives it a span. Outermost, so that it sees what the caller sees; absent when nobody asked for either.</summary>
internal sealed class CallTelemetry(ServiceMetrics metrics) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        using var call = new ObservedCall(metrics, context, request);
        try
        {
            var response = await continuation(request, context);
            call.End(context.Status.StatusCode, response);
            return response;
        }
        catch (RpcException cause)
        {
            call.End(cause);
            throw;
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var call = new ObservedCall(metrics, context, request: null);
        try
        {
            await continuation(requestStream, responseStream, context);
            call.End(context.Status.StatusCode, response: null);
        }
        catch (RpcException cause)
        {
            call.End(cause);
            throw;
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var call = new ObservedCall(metrics, context, request);
        try
        {
            await continuation(request, responseStream, context);
            call.End(context.Status.StatusCode, response: null);
        }
        catch (RpcException cause)
        {
            call.End(cause);
            throw;
        }
    }

    private sealed class ObservedCall : IDisposable
    {
        private readonly ServiceMetrics _metrics;
        private readonly ServerCallContext _context;
        private readonly IMethod _method;
        private readonly ServerEndpoint _server;
        private readonly object? _request;
        private readonly Activity? _span;
        private readonly long _start;
        private StatusCode _code = StatusCode.Unknown;
        private object? _response;
        private RpcException? _cause;

        public ObservedCall(ServiceMetrics metrics, ServerCallContext context, object? request)
        {
            _metrics = metrics;
            _context = context;
            _request = request;
            // Not the path of the request: that is the caller's text, which may be written in many ways for one method.
            var http = context.GetHttpContext();
            _method = http.GetEndpoint()!.Metadata.GetMetadata<GrpcMethodMetadata>()!.Method;
            _server = ServerEndpoint.Of(http);
            _start = Stopwatch.GetTimestamp();
            _span = ServiceTracing.StartCall(_method, _server, http.Request.Headers);
        }

        /// <summary>The call was answered. Unless this or the other is called, nothing that the contract knows ended it.</summary>
        public void End(StatusCode code, object? response) => (_code, _response) = (code, response);

        /// <summary>The call was refused.</summary>
        public void End(RpcException cause) => (_code, _cause) = (cause.StatusCode, cause);

        public void Dispose()
        {
            // Who left early is told nothing, whatever the handler threw.
            if (_code == StatusCode.Unknown && _context.CancellationToken.IsCancellationRequested)
                _code = StatusCode.Cancelled;
            var isTold = _metrics.TimesCalls || _span is { IsAllDataRequested: true };
            var error = isTold && _code != StatusCode.OK ? _cause?.GetRpcStatus() ?? new Status { Code = (int)_code } : null;
            if (_metrics.TimesCalls)
                _metrics.CallEnded(_method, _server, _code, error is null ? null : MetricLabels.ErrorType(error), Stopwatch.GetElapsedTime(_start));
            if (_span is { IsAllDataRequested: true })
                CallSpans.Describe(_span, _request as IMessage, _response as IMessage, error);
            ServiceTracing.End(_span, _code);
        }
    }
}
