using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Storage.Tests.Sqlite;
using Xunit;

namespace ResourceService.Storage.Tests.Committing;

/// <summary>A committer on a SQLite store that stumbles on demand, and nodes that are already in the store.</summary>
internal sealed class CommitterFixture : IDisposable
{
    /// <summary>How long a test waits for what must happen. Far more than it takes: it only ends a test that hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SqliteStoreUnderTest _underTest = new();

    public CommitterFixture(int nodeCount = 3, int batchMax = 1_000, int retryDelayMs = 1)
    {
        Nodes = [.. Enumerable.Range(1, nodeCount).Select(key => DrivenNode.Registered(Sample.Spec($"node-{key}"), key))];
        var registrations = new CommitBatch(0);
        registrations.Add(new TestEntry(Nodes));
        _underTest.Store.Commit(registrations);
        Store = new FaultyClaimStore(_underTest.Store);
        Committer = new GroupCommitter(Store, Observer, new CommitOptions { BatchMax = batchMax, RetryDelayMs = retryDelayMs }, registrations.LastRevision);
    }

    public DrivenNode[] Nodes { get; }

    public FaultyClaimStore Store { get; }

    private int _requests;

    public RecordingObserver Observer { get; } = new();

    public GroupCommitter Committer { get; }

    public IClaimReader Reader => _underTest.Reader;

    public string DatabasePath => _underTest.DatabasePath;

    /// <summary>Claims for an instance and gives the change to the committer.</summary>
    public TestEntry SubmitClaim(DrivenNode node, string instance, Action? whenTold = null, RequestOrigin? askedBy = null)
    {
        node.Claim(instance, Sample.Amounts(1, 1));
        return Submit(new TestEntry(node) { WhenTold = whenTold, AskedBy = askedBy ?? new RequestOrigin("tester", NextRequestId(), 0, [1]) });
    }

    private Guid NextRequestId() => new(Interlocked.Increment(ref _requests), 0, 0, new byte[8]);

    public TestEntry Submit(TestEntry entry)
    {
        Committer.Submit(entry);
        return entry;
    }

    /// <summary>Waits for an entry's fate.</summary>
    public static async Task<bool> FateOf(TestEntry entry)
    {
        var durable = await entry.Durable.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(1, entry.ToldCount);
        return durable;
    }

    public static async Task AssertFates(bool durable, params IEnumerable<TestEntry> entries)
    {
        foreach (var entry in entries)
            Assert.Equal(durable, await FateOf(entry));
    }

    /// <summary>Stops the writer in its next commit, so that entries gather behind it.</summary>
    public CommitGate StopNextCommit()
    {
        var gate = new CommitGate();
        Store.BeforeCommit = _ =>
        {
            Store.BeforeCommit = null;
            gate.Pass();
        };
        return gate;
    }

    /// <summary>Makes one commit fail with nothing on the disk.</summary>
    public void FailNextCommitBefore() => Store.BeforeCommit = _ =>
    {
        Store.BeforeCommit = null;
        throw new IOException("injected before the commit");
    };

    /// <summary>Makes one commit fail with everything on the disk.</summary>
    public void FailNextCommitAfter() => Store.AfterCommit = _ =>
    {
        Store.AfterCommit = null;
        throw new IOException("injected after the commit");
    };

    /// <summary>The instances that hold a claim on the disk, by node.</summary>
    public string[] StoredInstances() =>
        [.. _underTest.Reader.ReadNodes(null).SelectMany(stored => stored.Node.Claims.Values).Select(claim => claim.Instance.Id.Value).Order(StringComparer.Ordinal)];

    public NodeView StoredNode(int nodeKey) => _underTest.Reader.ReadNodes(nodeKey)[0].Node;

    public void Dispose()
    {
        Committer.Dispose();
        _underTest.Dispose();
    }
}
