using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using ResourceService.Server.Security;
using ResourceService.V1;

namespace ResourceService.Server.Grpc;

/// <summary>
/// What <see cref="AccessGate"/> cannot see before the request is read: whether an agent asks about its own node, and how many claims are in a
/// batch. And tells why a stream ended that the gate ended.
/// </summary>
internal sealed class AccessInterceptor(NodeOwnership nodes, AccessLog log) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        CheckNode((IMessage)request, context);
        if (request is ClaimInstancesRequest batch)
            CheckRate(batch, context);
        return continuation(request, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        CheckNode((IMessage)request, context);
        return ExplainEndAsync(continuation(request, responseStream, context), context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        ExplainEndAsync(continuation(requestStream, responseStream, context), context);

    private void CheckRate(ClaimInstancesRequest batch, ServerCallContext context)
    {
        if (context.Limit() is not { } limit || limit.TryTakeBatch(batch.Requests.Count, out var retryAfter))
            return;
        log.Refused(AccessRefusal.CallerLimited, context.Method, context.Actor());
        throw RpcErrors.CallerLimited(retryAfter).ToException();
    }

    private static async Task ExplainEndAsync(Task stream, ServerCallContext context)
    {
        // Asked for first: of a call that has ended no features are left.
        var open = context.GetHttpContext().Features.Get<OpenStream>();
        try
        {
            await stream;
        }
        catch (OperationCanceledException) when (open?.EndedBecause is not null)
        {
            // Told below, as for watches, which end quietly.
        }

        if (context.CancellationToken.IsCancellationRequested && open?.EndedBecause is { } why)
            throw why.ToException();
    }

    private void CheckNode(IMessage request, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        if (http.Features.Get<Caller>() is not { } caller
            || http.GetEndpoint()!.Metadata.GetMetadata<AccessRule>() is not { NodeOf: { } nodeOf } rule
            || (caller.Roles & rule.Roles) != Roles.Agent)
            return;
        if (caller.Node is { } own && string.Equals(nodeOf(request, nodes), own.Value, StringComparison.Ordinal))
            return;
        log.Refused(AccessRefusal.NodeNotOwned, context.Method, caller.Name);
        throw RpcErrors.NodeNotOwned(caller.Node?.Value ?? "").ToException();
    }
}
