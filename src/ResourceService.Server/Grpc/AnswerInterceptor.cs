using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http.Features;
using ResourceService.Server.Security;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Bounds the answers that wait for their callers to read them: who has too many waiting is asked to read them first, before anything is done for
/// another call. Streams have bounds of their own: they make no message before the one before is taken.
/// </summary>
internal sealed class AnswerInterceptor : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var http = context.GetHttpContext();
        var unread = http.Features.GetRequiredFeature<ClientAddress>().Unread;
        if (!unread.HasRoom)
            throw RpcErrors.AnswersUnread().ToException();
        var response = await continuation(request, context);
        UnreadAnswer.Count(http, unread, ((IMessage)response).CalculateSize());
        return response;
    }
}
