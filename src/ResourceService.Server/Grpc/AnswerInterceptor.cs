using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http.Features;
using ResourceService.Server.Security;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Bounds the answers that are made and those that wait for their callers to read them: large ones are made a few at a time, and who has too many
/// waiting is asked to read them first, before anything is done for another call. What a list leaves is for other calls: a caller that does not read
/// its lists may still claim. The requests of lists that wait for their turn count like answers. Streams have bounds of their own: they make no message before those before are taken.
/// </summary>
internal sealed class AnswerInterceptor(WorkGates gates) : Interceptor
{
    // Of what may be unread.
    private const double ListsShare = 0.75;

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var http = context.GetHttpContext();
        var address = http.Features.GetRequiredFeature<ClientAddress>();
        if (gates.Of(request) is { } gate)
            return await TakeTurnAsync(gate, address, request, context, continuation);
        if (!address.Unread.HasRoom())
            throw RpcErrors.AnswersUnread().ToException();
        var response = await continuation(request, context);
        UnreadAnswer.Count(http, address.Unread, ((IMessage)response).CalculateSize());
        return response;
    }

    private static async Task<TResponse> TakeTurnAsync<TRequest, TResponse>(
        WorkGate gate, ClientAddress address, TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        where TRequest : class
        where TResponse : class
    {
        if (!address.Unread.HasRoom(ListsShare))
            throw RpcErrors.AnswersUnread().ToException();
        // A request is in memory while its call waits, and some compressed bytes may have become megabytes.
        var waiting = UnreadAnswer.Counted(((IMessage)request).CalculateSize());
        address.Unread.Take(waiting);
        WorkTurn turn;
        try
        {
            turn = await gate.EnterAsync(address, context.CancellationToken);
        }
        finally
        {
            address.Unread.GiveBack(waiting);
        }

        if (turn == WorkTurn.Refused)
            throw RpcErrors.AddressBusy().ToException();
        if (context.CancellationToken.IsCancellationRequested)
        {
            if (turn == WorkTurn.Begun)
                gate.Leave();
            // Nobody reads it. An exception would cost more than all that was done for the call.
            context.Status = new Status(StatusCode.Cancelled, "");
            return Activator.CreateInstance<TResponse>();
        }

        // The one who takes it from here gives the turn back, also when what follows fails.
        var answer = new UnreadAnswer(address.Unread, gate);
        context.GetHttpContext().Features.Set(answer);
        // Others may have filled it meanwhile.
        if (!address.Unread.HasRoom(ListsShare))
            throw RpcErrors.AnswersUnread().ToException();
        var response = await continuation(request, context);
        answer.Count(((IMessage)response).CalculateSize());
        return response;
    }
}
