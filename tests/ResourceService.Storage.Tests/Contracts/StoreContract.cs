using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Storage.Tests.Contracts;

/// <summary>What the contracts of all stores need: a store, and a writer that keeps count of revisions.</summary>
public abstract class StoreContract(IStoreUnderTest underTest) : IDisposable
{
    private long _lastRevision;

    protected IClaimStore Store => underTest.Store;

    protected IClaimReader Reader => underTest.Reader;

    public void Dispose()
    {
        underTest.Dispose();
        GC.SuppressFinalize(this);
    }

    protected void Restart() => underTest.Restart();

    private protected CommitBatch Commit(params IReadOnlyList<DrivenNode> nodes) => Commit(new TestEntry(nodes));

    private protected CommitBatch Commit(params IReadOnlyList<TestEntry> entries)
    {
        var batch = new CommitBatch(_lastRevision);
        foreach (var entry in entries)
            batch.Add(entry);
        Store.Commit(batch);
        _lastRevision = batch.LastRevision;
        return batch;
    }

    private protected StoreContents LoadAll() => Store.Load(remembered: 1_000);

    private protected void AssertStored(params IReadOnlyList<DrivenNode> expected)
    {
        var contents = LoadAll();
        Assert.Empty(contents.UsageDifferences);
        Assert.Equal(_lastRevision, contents.LastRevision);
        Assert.Equal(expected.Count, contents.Nodes.Count);
        foreach (var node in expected)
            NodeViewAssert.Equal(node.View, contents.Nodes.Single(stored => stored.NodeKey == node.View.NodeKey));
    }

    private protected static RequestOrigin AskedBy(string actor, int request) =>
        new(actor, new Guid(request, 0, 0, new byte[8]), request, [(byte)request]);

    private protected static UsageSnapshot SnapshotOf(DrivenNode node, long timeMs) => UsageSnapshot.Of(node.View, new Instant(timeMs));

    private protected static DrivenNode NewNode(int nodeKey) => DrivenNode.Registered(Sample.Spec($"node-{nodeKey}"), nodeKey);

    private protected static DrivenNode SameAs(NodeView view) => new(view);
}
