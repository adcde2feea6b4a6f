using Google.Protobuf;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>Who asks for a change, and how to know the request again.</summary>
/// <param name="Actor">The caller's name.</param>
/// <param name="RequestId">The request's id; null when it has none.</param>
/// <param name="Fingerprint">A hash of the request's content.</param>
internal readonly record struct RequestStamp(string Actor, Guid? RequestId, long Fingerprint)
{
    /// <summary>The service's own doing, such as an expiry.</summary>
    public static RequestStamp Service { get; } = new(RequestOrigin.Service.Actor, null, 0);

    /// <summary>What the store keeps of an accepted request.</summary>
    public RequestOrigin ToOrigin(IMessage answer) =>
        RequestId is null
            ? new RequestOrigin(Actor, null, 0, null)
            : new RequestOrigin(Actor, RequestId, Fingerprint, answer.ToByteArray());
}
