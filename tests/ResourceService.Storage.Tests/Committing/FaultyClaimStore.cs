using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage.Tests.Committing;

/// <summary>
/// A real store that stumbles where a test says. What is thrown before a commit leaves nothing on the disk, what is thrown after it leaves all
/// of it there: the two ends of "in doubt". The real store goes on underneath, so what is durable is always what it says.
/// </summary>
internal sealed class FaultyClaimStore(IClaimStore inner) : IClaimStore
{
    private readonly List<CommitBatch> _commits = [];

    /// <summary>Called on the writer's thread before each commit; it may throw or wait.</summary>
    public Action<CommitBatch>? BeforeCommit { get; set; }

    /// <summary>Called when a commit is durable and the writer does not know it yet.</summary>
    public Action<CommitBatch>? AfterCommit { get; set; }

    /// <summary>Called before each attempt to open the store again.</summary>
    public Action? BeforeReopen { get; set; }

    /// <summary>The batches that became durable. To be read when the writer is at rest.</summary>
    public IReadOnlyList<CommitBatch> Commits => _commits;

    public void Commit(CommitBatch batch)
    {
        BeforeCommit?.Invoke(batch);
        inner.Commit(batch);
        _commits.Add(batch);
        AfterCommit?.Invoke(batch);
    }

    public string? NearlyFullBecause => inner.NearlyFullBecause;

    public StoreSizes? Sizes => inner.Sizes;

    public void Tend() => inner.Tend();

    public void Reopen()
    {
        BeforeReopen?.Invoke();
        inner.Reopen();
    }

    public StoreContents Load(int remembered) => inner.Load(remembered);

    public IReadOnlyList<NodeView> LoadNodes(IReadOnlySet<int> nodeKeys) => inner.LoadNodes(nodeKeys);

    public (IReadOnlyList<RememberedRequest> Requests, long LastRevision, long LastUnchangedRequest) LoadRequestsAfter(long revision, long number) =>
        inner.LoadRequestsAfter(revision, number);

    public void Dispose() => inner.Dispose();
}
