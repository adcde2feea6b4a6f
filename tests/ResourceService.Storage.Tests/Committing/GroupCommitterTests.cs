using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Storage.Tests.Committing;

/// <summary>A committer whose store works: what gathers, in which order, and when it ends.</summary>
public sealed class GroupCommitterTests : IDisposable
{
    private readonly CommitterFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task An_entry_alone_is_durable_before_it_is_told()
    {
        string[]? stored = null;
        var entry = _fixture.SubmitClaim(_fixture.Nodes[0], "instance-1", whenTold: () => stored = _fixture.StoredInstances());

        Assert.True(await CommitterFixture.FateOf(entry));
        Assert.Equal(["instance-1"], stored!);
        Assert.Equal(4, entry.Answer);
        Assert.Equal(4, _fixture.Committer.LastRevision);
    }

    [Fact]
    public async Task Entries_gather_into_one_batch_while_a_commit_runs_and_are_told_in_order()
    {
        using var gate = _fixture.StopNextCommit();
        var told = new List<int>();
        var entries = new List<TestEntry> { Submit(0) };
        await gate.EnteredAsync();
        for (var i = 1; i <= 6; i++)
            entries.Add(Submit(i));
        Assert.All(entries, entry => Assert.Equal(0, entry.ToldCount));
        gate.Open();

        await CommitterFixture.AssertFates(true, entries);
        _fixture.Committer.Dispose();
        Assert.Equal([1, 6], _fixture.Observer.EntriesPerCommit);
        Assert.Equal([1, 6], _fixture.Store.Commits.Select(batch => batch.Events.Count));
        Assert.Equal(Enumerable.Range(0, 7), told);
        Assert.Equal(Enumerable.Range(4, 7).Select(revision => (long)revision), entries.Select(entry => entry.Answer));
        Assert.Equal(3, _fixture.Store.Commits[1].Nodes.Count);

        TestEntry Submit(int i) => _fixture.SubmitClaim(_fixture.Nodes[i % 3], $"instance-{i}", whenTold: () => told.Add(i));
    }

    [Fact]
    public async Task A_batch_is_no_larger_than_its_bound()
    {
        using var small = new CommitterFixture(batchMax: 3);
        using var gate = small.StopNextCommit();
        var entries = new List<TestEntry> { small.SubmitClaim(small.Nodes[0], "instance-0") };
        await gate.EnteredAsync();
        for (var i = 1; i <= 7; i++)
            entries.Add(small.SubmitClaim(small.Nodes[i % 3], $"instance-{i}"));
        gate.Open();

        await CommitterFixture.AssertFates(true, entries);
        small.Committer.Dispose();
        Assert.Equal([1, 3, 3, 1], small.Observer.EntriesPerCommit);
    }

    [Fact]
    public async Task An_entry_that_only_waits_is_told_after_all_before_it_and_writes_nothing()
    {
        using var gate = _fixture.StopNextCommit();
        var claim = _fixture.SubmitClaim(_fixture.Nodes[0], "instance-1");
        await gate.EnteredAsync();
        var waiting = _fixture.Submit(new TestEntry());
        Assert.False(waiting.Durable.IsCompleted);
        gate.Open();

        await CommitterFixture.AssertFates(true, claim, waiting);
        Assert.Equal(0, waiting.Answer);
        Assert.Single(_fixture.Store.Commits);
    }

    [Fact]
    public async Task Many_callers_are_each_told_once_and_all_their_changes_are_stored()
    {
        using var crowded = new CommitterFixture(nodeCount: 8);
        var callers = crowded.Nodes.Select(node => Task.Run(
            () => Enumerable.Range(0, 8).Select(i => crowded.SubmitClaim(node, $"instance-{node.View.NodeKey}-{i}")).ToList(),
            TestContext.Current.CancellationToken));
        var entries = (await Task.WhenAll(callers)).SelectMany(ofCaller => ofCaller).ToList();

        await CommitterFixture.AssertFates(true, entries);
        Assert.Equal(64, crowded.StoredInstances().Length);
        Assert.All(crowded.Nodes, node => NodeViewAssert.Equal(node.View, crowded.StoredNode(node.View.NodeKey)));
    }

    [Fact]
    public async Task Dispose_commits_what_waits()
    {
        using var gate = _fixture.StopNextCommit();
        var entries = new List<TestEntry> { _fixture.SubmitClaim(_fixture.Nodes[0], "instance-0") };
        await gate.EnteredAsync();
        entries.Add(_fixture.SubmitClaim(_fixture.Nodes[1], "instance-1"));
        entries.Add(_fixture.Submit(new TestEntry()));
        var disposed = Task.Run(_fixture.Committer.Dispose, TestContext.Current.CancellationToken);
        gate.Open();
        await disposed.WaitAsync(CommitterFixture.Patience, TestContext.Current.CancellationToken);

        await CommitterFixture.AssertFates(true, entries);
        Assert.Equal(["instance-0", "instance-1"], _fixture.StoredInstances());
    }

    [Fact]
    public async Task An_entry_after_dispose_fails_and_its_ledger_is_poisoned()
    {
        _fixture.Committer.Dispose();
        var entry = _fixture.SubmitClaim(_fixture.Nodes[0], "instance-1");

        Assert.False(await CommitterFixture.FateOf(entry));
        Assert.True(_fixture.Nodes[0].Ledger.Poisoned);
        Assert.Empty(_fixture.StoredInstances());
    }

    [Fact]
    public void Dispose_twice_is_once()
    {
        _fixture.Committer.Dispose();
        _fixture.Committer.Dispose();
    }
}
