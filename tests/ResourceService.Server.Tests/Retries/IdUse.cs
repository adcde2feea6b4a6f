using Google.Protobuf;

namespace ResourceService.Server.Tests.Retries;

/// <summary>A request that changes something, and the way in which it comes: as a call, on a stream, or inside a batch.</summary>
/// <param name="Way">The way.</param>
/// <param name="Request">The request, with an id.</param>
internal sealed record IdUse(IdUse.Carrier Way, IMessage Request)
{
    /// <summary>How a request can come.</summary>
    public enum Carrier
    {
        Call,
        Stream,
        InsideBatch,
        InsideAllOrNothing,
    }

    /// <summary>What the request is known by.</summary>
    public string Id => (string)Request.Descriptor.FindFieldByName("request_id").Accessor.GetValue(Request);

    /// <summary>The same request under another id.</summary>
    public IdUse Under(string id) => this with { Request = WithId(Request.Descriptor.Parser.ParseFrom(Request.ToByteArray()), id) };

    /// <summary>Gives a request an id.</summary>
    public static T WithId<T>(T request, string id)
        where T : IMessage
    {
        request.Descriptor.FindFieldByName("request_id").Accessor.SetValue(request, id);
        return request;
    }

    /// <summary>Sends it, and gives the answer or why there is none.</summary>
    public async Task<(IMessage? Answer, string Reason)> SendAsync(ServiceClients clients)
    {
        try
        {
            return Way switch
            {
                Carrier.Call => (await CallAsync(clients, Request), ""),
                Carrier.Stream => Of(await StreamAsync(clients), static answer => answer.Error),
                Carrier.InsideBatch => Of((await BatchAsync(clients)).Results.Single(), static answer => answer.Error),
                _ => Of((await BatchAsync(clients)).Results.Single(), static answer => answer.Error),
            };
        }
        catch (RpcException cause)
        {
            return (null, RpcFailure.Of(cause).Reason);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Request is ClaimInstancesRequest { AllOrNothing: true } ? $"{Way} AllOrNothing" : $"{Way} {Request.Descriptor.Name}";

    /// <summary>Sends a request to the method that takes it.</summary>
    public static async Task<IMessage> CallAsync(ServiceClients clients, IMessage request, DateTime? deadline = null)
    {
        var method = RawCalls.MethodOf(request.Descriptor);
        return method.OutputType.Parser.ParseFrom(
            await RawCalls.Unary(clients.Invoker, $"/{method.Service.FullName}/{method.Name}", request.ToByteArray(), deadline));
    }

    private static (IMessage?, string) Of<T>(T answer, Func<T, Google.Rpc.Status?> errorOf)
        where T : IMessage =>
        errorOf(answer) is { } error ? (null, new RpcFailure(error).Reason) : (answer, "");

    private async Task<StreamClaimsResponse> StreamAsync(ServiceClients clients)
    {
        using var call = clients.Claims.StreamClaims();
        await call.RequestStream.WriteAsync(new StreamClaimsRequest { Request = (ClaimInstanceRequest)Request });
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        return call.ResponseStream.Current;
    }

    private async Task<ClaimInstancesResponse> BatchAsync(ServiceClients clients) => await clients.Claims.ClaimInstancesAsync(
        new ClaimInstancesRequest { Requests = { (ClaimInstanceRequest)Request }, AllOrNothing = Way == Carrier.InsideAllOrNothing });
}
