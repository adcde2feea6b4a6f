using Google.Protobuf;

namespace ResourceService.Server.Tests.Crash;

/// <summary>One call that can be sent again with the same id.</summary>
/// <param name="Request">What is sent.</param>
/// <param name="Instances">The instances concerned.</param>
/// <param name="Send">Sends it.</param>
/// <param name="Apply">What follows from an acknowledgement.</param>
internal sealed record Attempt(IMessage Request, IReadOnlyList<string> Instances, Func<ServiceClients, Task<IMessage>> Send, Action<IMessage> Apply)
{
    /// <summary>The acknowledgement.</summary>
    public IMessage? Answer { get; init; }

    public static Attempt Of<TRequest, TAnswer>(
        TRequest request, IReadOnlyList<string> instances, Func<ServiceClients, TRequest, AsyncUnaryCall<TAnswer>> send, Action<TAnswer> apply)
        where TRequest : IMessage
        where TAnswer : IMessage =>
        new(request, instances, async clients => await send(clients, request), answer => apply((TAnswer)answer));

    /// <summary>Sends it and tells what came of it.</summary>
    public async Task<AttemptOutcome> SendAsync(ServiceClients clients)
    {
        try
        {
            var answer = await Send(clients);
            // A batch that was refused as a whole is a refusal like any other: it is not remembered, and its reasons may change.
            return answer is ClaimInstancesResponse batch && batch.Results.All(result => result.Claim is null)
                ? new AttemptOutcome(null, AttemptOutcome.BatchRefused)
                : new AttemptOutcome(answer, "");
        }
        catch (RpcException cause)
        {
            var failure = RpcFailure.Of(cause);
            return new AttemptOutcome(null, $"{failure.Code} {failure.Reason}");
        }
    }
}

/// <summary>What came of an attempt: an answer, or the code and the reason of an error.</summary>
internal sealed record AttemptOutcome(IMessage? Answer, string Error)
{
    /// <summary>The error of a batch of which nothing was carried out.</summary>
    public const string BatchRefused = "Aborted BATCH_NOT_APPLIED";

    /// <summary>Whether the service decided against it: nothing changed. Anything else without an answer is in doubt.</summary>
    public bool IsRefusal => Error is "ResourceExhausted DOES_NOT_FIT" or "ResourceExhausted NO_CANDIDATE_FITS" or BatchRefused;
}
