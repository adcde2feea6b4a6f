using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>
/// Remembers a request beside the changes that it makes: that it was begun, by an empty answer, or how it was answered. What was submitted before it is
/// durable no later, and what is submitted after it no earlier.
/// </summary>
internal sealed class RememberedAnswer(FleetServices fleet, RequestOrigin origin) : CommitEntry
{
    private readonly TaskCompletionSource<bool> _kept = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public override RequestOrigin Origin => origin;

    /// <summary>Remembers it; false when that is not known to be durable.</summary>
    public static Task<bool> KeepAsync(FleetServices fleet, RequestStamp stamp, byte[] answer)
    {
        var entry = new RememberedAnswer(fleet, new RequestOrigin(stamp.Actor, stamp.RequestId, stamp.Fingerprint, answer));
        fleet.Committer.Submit(entry);
        return entry._kept.Task;
    }

    /// <inheritdoc/>
    public override void Committed(long answer) => fleet.Requests.Remember(origin, answer);

    /// <inheritdoc/>
    public override void Acknowledge() => _kept.TrySetResult(true);

    /// <inheritdoc/>
    public override void Failed() => _kept.TrySetResult(false);
}
