namespace ResourceService.Storage;

/// <summary>An accepted request: a retry with the same id and fingerprint gets the answer kept at <paramref name="Answer"/>.</summary>
/// <param name="RequestId">Its id.</param>
/// <param name="Fingerprint">A hash of its content.</param>
/// <param name="Answer">The revision of its first event; below zero, the number of a request that has no event of its own.</param>
/// <param name="TimeMs">When it was accepted, in Unix milliseconds.</param>
public readonly record struct RememberedRequest(Guid RequestId, long Fingerprint, long Answer, long TimeMs);

/// <summary>Who asked for a change and how to know a retry of the request again.</summary>
/// <param name="Actor">The caller's name.</param>
/// <param name="RequestId">The caller's id of the request; null when it gave none.</param>
/// <param name="Fingerprint">A hash of the request's content; a retry has the same.</param>
/// <param name="Reply">The answer to keep for retries, in the server's own encoding; null without a request id.</param>
public readonly record struct RequestOrigin(string Actor, Guid? RequestId, long Fingerprint, byte[]? Reply)
{
    /// <summary>The service itself asked.</summary>
    public static RequestOrigin Service { get; } = new("service", null, 0, null);
}
