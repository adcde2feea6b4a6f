using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage.Tests.Committing;

/// <summary>Remembers what the committer tells. Lists are to be read when the writer is at rest, or after a task says so.</summary>
internal sealed class RecordingObserver : ICommitObserver
{
    private TaskCompletionSource<Recovery> _recovered = NewRecovery();

    public List<int> EntriesPerCommit { get; } = [];

    public List<Exception> Losses { get; } = [];

    public List<Exception> Faults { get; } = [];

    /// <summary>Called on the writer's thread when the store is back.</summary>
    public Action<Recovery>? WhenRecovered { get; set; }

    /// <summary>The next recovery, or the last one when it was not awaited yet.</summary>
    public async Task<Recovery> NextRecoveryAsync()
    {
        var recovery = await _recovered.Task.WaitAsync(CommitterFixture.Patience, Xunit.TestContext.Current.CancellationToken);
        _recovered = NewRecovery();
        return recovery;
    }

    public void OnCommitted(CommitBatch batch, int entries) => EntriesPerCommit.Add(entries);

    public void OnStoreLost(Exception cause) => Losses.Add(cause);

    public void OnStoreRecovered(IReadOnlyList<NodeView> nodes, IReadOnlyCollection<int> unknown, IReadOnlyList<RememberedRequest> requests)
    {
        var recovery = new Recovery(nodes, unknown, requests);
        WhenRecovered?.Invoke(recovery);
        _recovered.TrySetResult(recovery);
    }

    public void OnLedgerBroken(Exception fault, IReadOnlyList<NodeView> nodes, IReadOnlyCollection<int> unknown)
    {
        Faults.Add(fault);
        _recovered.TrySetResult(new Recovery(nodes, unknown, []));
    }

    private static TaskCompletionSource<Recovery> NewRecovery() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

internal sealed record Recovery(IReadOnlyList<NodeView> Nodes, IReadOnlyCollection<int> Unknown, IReadOnlyList<RememberedRequest> Requests);
