using System.Data.Common;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using ResourceService.Server.Nodes;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

namespace ResourceService.Server.Grpc;

/// <summary>Turns what no handler expected into the contract's errors: callers learn a reason, the log learns the cause.</summary>
internal sealed class ErrorInterceptor(ILogger<ErrorInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            var response = await continuation(request, context);
            if (logger.IsEnabled(LogLevel.Debug))
                logger.RequestAnswered(context.Method, (IMessage)request, (IMessage)response, error: null);
            return response;
        }
        catch (Exception cause) when (Translate(cause, context, request) is { } error)
        {
            throw error;
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception cause) when (Translate(cause, context, request: null) is { } error)
        {
            throw error;
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception cause) when (Translate(cause, context, request) is { } error)
        {
            throw error;
        }
    }

    // Null for errors that are the contract's already, and for callers that left: nobody is there to read another.
    private RpcException? Translate(Exception cause, ServerCallContext context, object? request)
    {
        // The messages of a stream are taken from the wire inside its method.
        if (cause is RpcException { StatusCode: StatusCode.Internal, Trailers.Count: 0 } framing)
            return RpcErrors.MalformedCall(framing.Status.Detail).ToException();
        if (cause is RpcException { StatusCode: StatusCode.Unimplemented, Status.Detail.Length: 0 })
            return RpcErrors.NotImplemented($"{context.Method} is not part of this version yet.").ToException();
        if (cause is RpcException refused && logger.IsEnabled(LogLevel.Debug))
        {
            var error = refused.GetRpcStatus() ?? new Google.Rpc.Status { Code = (int)refused.StatusCode, Message = refused.Status.Detail };
            logger.RequestAnswered(context.Method, request as IMessage, response: null, error);
        }

        // A stream's messages are inflated and parsed inside its handler.
        if (cause is InvalidProtocolBufferException or InvalidDataException)
            return RpcErrors.Malformed().ToException();
        // Reading from a stream that its caller reset fails a moment before the call's token is cancelled; no handler reads anything else that
        // fails so.
        if (cause is RpcException or IOException || context.CancellationToken.IsCancellationRequested)
            return null;
        logger.CallFailed(context.Method, cause);
        if (cause is DbException or StoreException)
            return RpcErrors.Of(new CommandOutcome(CommandStatus.StoreUnavailable), "").ToException();
        return RpcErrors.Defect().ToException();
    }
}
