using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>Changes nothing and waits until everything that was submitted before is durable and visible.</summary>
internal sealed class CommitBarrier : CommitEntry
{
    private readonly TaskCompletionSource<bool> _passed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits; false when something before is not known to be durable.</summary>
    public static Task<bool> PassAsync(GroupCommitter committer)
    {
        var barrier = new CommitBarrier();
        committer.Submit(barrier);
        return barrier._passed.Task;
    }

    /// <inheritdoc/>
    public override void Committed(long answer)
    {
        // What came before may be durable and not visible yet.
    }

    /// <inheritdoc/>
    public override void Acknowledge() => _passed.TrySetResult(true);

    /// <inheritdoc/>
    public override void Failed() => _passed.TrySetResult(false);
}
