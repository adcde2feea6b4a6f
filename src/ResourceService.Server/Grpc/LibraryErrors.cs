using Google.Protobuf;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Gives the contract's form to errors of the gRPC library: it reads messages, knows methods and watches deadlines outside of all that the service
/// can put around its methods. Whatever comes from a method carries details already.
/// </summary>
internal static class LibraryErrors
{
    private const string StatusName = "grpc-status";
    private const string MessageName = "grpc-message";
    private const string DetailsName = "grpc-status-details-bin";
    private const string HealthUnknown = "Health is known of the whole service (no name), of readiness and of liveness.";
    private const int EncodingLengthMax = 64;

    /// <summary>Looks at how a call ended, before that is sent; gives the error that it made of it, if it made one.</summary>
    public static Status? Complete(HttpContext http, int messageBytesMax)
    {
        // Without a message before it, the status is in the headers, which are not sent yet; behind messages it is in the trailers.
        var ending = http.Response.HasStarted ? http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers : http.Response.Headers;
        if (ending is null || ending.IsReadOnly || ending.ContainsKey(DetailsName)
            || !ending.TryGetValue(StatusName, out var text) || !int.TryParse(text, out var code) || code == 0)
            return null;
        var message = ending[MessageName].ToString();
        // The one standard service that answers so, and says nothing.
        if ((StatusCode)code == StatusCode.NotFound && message.Length == 0)
            ending[MessageName] = HealthUnknown;
        if (Of((StatusCode)code, message, http, messageBytesMax) is not { } error)
            return null;
        Answer(ending, error);
        return error;
    }

    /// <summary>Answers a call before its method, with a status alone, which is in the headers.</summary>
    public static Task AnswerAsync(HttpContext http, Status status)
    {
        http.Response.ContentType = "application/grpc";
        Answer(http.Response.Headers, status);
        http.Features.Set(new EarlyAnswer(status));
        return Task.CompletedTask;
    }

    // The messages are plain ASCII without '%', which needs no encoding.
    private static void Answer(IHeaderDictionary ending, Status status)
    {
        ending[StatusName] = status.Code.ToString();
        ending[MessageName] = status.Message;
        ending[DetailsName] = Convert.ToBase64String(status.ToByteArray());
    }

    // What the library knows as unknown is an exception in its own part, which reads messages; as internal, a call that is not one whole message.
    private static Status? Of(StatusCode code, string message, HttpContext http, int messageBytesMax) => code switch
    {
        StatusCode.Unknown => RpcErrors.Malformed(),
        StatusCode.Internal => RpcErrors.MalformedCall(message.Contains('%', StringComparison.Ordinal) ? "" : message),
        StatusCode.ResourceExhausted => RpcErrors.MessageTooLong(messageBytesMax),
        StatusCode.DeadlineExceeded => RpcErrors.DeadlinePassed(),
        StatusCode.Unimplemented when http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is null => RpcErrors.MethodUnknown(),
        StatusCode.Unimplemented => RpcErrors.EncodingUnsupported(Shorten(http.Request.Headers["grpc-encoding"].ToString())),
        _ => null,
    };

    private static string Shorten(string encoding) => encoding.Length <= EncodingLengthMax ? encoding : encoding[..EncodingLengthMax];
}
