using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Gives the contract's form to errors of the gRPC library: it parses a single message, and measures every message, outside of all that the service
/// can put around its methods. Whatever comes from a method carries details already.
/// </summary>
internal static class LibraryErrors
{
    private const string StatusName = "grpc-status";
    private const string MessageName = "grpc-message";
    private const string DetailsName = "grpc-status-details-bin";

    /// <summary>Looks at how each call ended.</summary>
    public static void UseContractErrors(this WebApplication app, int messageBytesMax) => app.Use(async (http, next) =>
    {
        await next(http);
        // Without a message before it, the status is in the headers, which are not sent yet; behind messages it is in the trailers.
        var ending = http.Response.HasStarted ? http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers : http.Response.Headers;
        if (ending is null || ending.IsReadOnly || ending.ContainsKey(DetailsName))
            return;
        if (IsEndedBy(StatusCode.Unknown))
            Answer(ending, RpcErrors.Malformed());
        else if (IsEndedBy(StatusCode.ResourceExhausted))
            Answer(ending, RpcErrors.MessageTooLong(messageBytesMax));

        bool IsEndedBy(StatusCode code) => ending.TryGetValue(StatusName, out var value) && value == ((int)code).ToString();
    });

    /// <summary>Puts an error of the contract where a call's status goes. The messages are plain ASCII without '%', which needs no encoding.</summary>
    public static void Answer(IHeaderDictionary ending, Status status)
    {
        ending[StatusName] = status.Code.ToString();
        ending[MessageName] = status.Message;
        ending[DetailsName] = Convert.ToBase64String(status.ToByteArray());
    }
}
