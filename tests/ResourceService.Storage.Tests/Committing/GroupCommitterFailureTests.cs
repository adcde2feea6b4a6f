using Dapper;
using Microsoft.Data.Sqlite;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Storage.Tests.Committing;

/// <summary>
/// A committer whose store fails before, during and after a commit. What is told durable is on the disk; what is told failed may be there (in
/// doubt), and then the recovery says so; no ledger goes on with changes that are not on the disk.
/// </summary>
public sealed class GroupCommitterFailureTests : IDisposable
{
    private readonly CommitterFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Failure_before_the_commit_fails_its_entries_and_the_nodes_are_read_again_without_them()
    {
        var kept = _fixture.SubmitClaim(_fixture.Nodes[0], "kept");
        await CommitterFixture.AssertFates(true, kept);
        _fixture.FailNextCommitBefore();
        var failed = _fixture.SubmitClaim(_fixture.Nodes[0], "lost", askedBy: RichSample.Origin);

        await CommitterFixture.AssertFates(false, failed);
        var recovery = await _fixture.Observer.NextRecoveryAsync();
        Assert.Equal(["kept"], InstancesOf(Assert.Single(recovery.Nodes)));
        Assert.Empty(recovery.Requests);
        Assert.Empty(recovery.Unknown);
        Assert.Equal(["kept"], _fixture.StoredInstances());
        Assert.Equal([true, false, false], _fixture.Nodes.Select(node => node.Ledger.Poisoned));
        Assert.IsType<IOException>(Assert.Single(_fixture.Observer.Losses));
    }

    [Fact]
    public async Task Failure_after_the_commit_is_told_as_failed_and_recovered_as_durable()
    {
        _fixture.FailNextCommitAfter();
        var inDoubt = _fixture.SubmitClaim(_fixture.Nodes[0], "in-doubt", askedBy: RichSample.Origin);

        await CommitterFixture.AssertFates(false, inDoubt);
        var recovery = await _fixture.Observer.NextRecoveryAsync();
        Assert.Equal(["in-doubt"], InstancesOf(Assert.Single(recovery.Nodes)));
        Assert.Equal(
            [new RememberedRequest(RichSample.Origin.RequestId!.Value, RichSample.Origin.Fingerprint, 4, Sample.Now.UnixMs)], recovery.Requests);
        Assert.Equal(4, _fixture.Committer.LastRevision);
    }

    [Fact]
    public async Task What_turned_out_durable_is_not_done_again_and_its_node_is_read_anew()
    {
        _fixture.Nodes[0].Claim("again", Sample.Amounts(1, 1));
        var again = _fixture.Submit(new TestEntry(_fixture.Nodes[0]) { WasDone = true });
        var unchanged = _fixture.Submit(new TestEntry { WasDone = true, AskedBy = RichSample.Origin });
        var other = _fixture.SubmitClaim(_fixture.Nodes[1], "other");

        await CommitterFixture.AssertFates(false, again, unchanged);
        await CommitterFixture.AssertFates(true, other);
        Assert.Equal(["other"], _fixture.StoredInstances());
        Assert.Equal([true, false, false], _fixture.Nodes.Select(node => node.Ledger.Poisoned));
        Assert.True(_fixture.Committer.IsAvailable);
    }

    [Fact]
    public async Task Failure_in_the_middle_of_a_commit_leaves_nothing_of_it()
    {
        // The events are written last: nodes, usage and claims are already there when this trigger fires.
        OnDatabase("CREATE TRIGGER injected BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'injected'); END");
        _fixture.Store.BeforeReopen = () => OnDatabase("DROP TRIGGER IF EXISTS injected");
        var failed = _fixture.SubmitClaim(_fixture.Nodes[0], "lost");

        await CommitterFixture.AssertFates(false, failed);
        var recovery = await _fixture.Observer.NextRecoveryAsync();
        Assert.Empty(InstancesOf(Assert.Single(recovery.Nodes)));
        Assert.Equal(1, recovery.Nodes[0].Generation);
        Assert.Contains("injected", _fixture.Observer.Losses[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entries_behind_a_failure_fail_too_and_those_before_it_stay()
    {
        using var small = new CommitterFixture(nodeCount: 4, batchMax: 2);
        using var gate = small.StopNextCommit();
        var first = small.SubmitClaim(small.Nodes[0], "first");
        await gate.EnteredAsync();
        // Batches of two: {0, 1} becomes durable, {2, 3} fails, and {0} is never tried although its node is sound on the disk.
        var (durable, batch) = (new List<TestEntry>(), 0);
        durable.AddRange([small.SubmitClaim(small.Nodes[0], "a"), small.SubmitClaim(small.Nodes[1], "b")]);
        TestEntry[] failed = [small.SubmitClaim(small.Nodes[2], "c"), small.SubmitClaim(small.Nodes[3], "d"), small.SubmitClaim(small.Nodes[0], "e")];
        small.Store.BeforeCommit = _ =>
        {
            if (++batch == 2)
                throw new IOException("injected in the second batch");
        };
        gate.Open();

        await CommitterFixture.AssertFates(true, [first, .. durable]);
        await CommitterFixture.AssertFates(false, failed);
        var recovery = await small.Observer.NextRecoveryAsync();
        Assert.Equal([1, 3, 4], recovery.Nodes.Select(node => node.NodeKey).Order());
        Assert.Equal([true, false, true, true], small.Nodes.Select(node => node.Ledger.Poisoned));
        Assert.Equal(["a", "b", "first"], small.StoredInstances());
    }

    [Fact]
    public async Task Entries_that_come_while_the_store_is_lost_fail_at_once()
    {
        using var gate = new CommitGate();
        _fixture.Store.BeforeReopen = () =>
        {
            _fixture.Store.BeforeReopen = null;
            gate.Pass();
            throw new IOException("injected while it is opened again");
        };
        _fixture.FailNextCommitBefore();
        var failed = _fixture.SubmitClaim(_fixture.Nodes[0], "lost");
        await gate.EnteredAsync();
        Assert.False(_fixture.Committer.IsAvailable);
        var late = _fixture.SubmitClaim(_fixture.Nodes[1], "late");
        gate.Open();

        await CommitterFixture.AssertFates(false, failed, late);
        var recovery = await _fixture.Observer.NextRecoveryAsync();
        Assert.Equal([1, 2], recovery.Nodes.Select(node => node.NodeKey).Order());
        Assert.Equal(2, _fixture.Observer.Losses.Count);
        await CommitterFixture.AssertFates(true, _fixture.SubmitClaim(_fixture.Nodes[2], "after"));
        Assert.True(_fixture.Committer.IsAvailable);
        Assert.Equal(["after"], _fixture.StoredInstances());
    }

    [Fact]
    public async Task Entries_that_gathered_behind_a_failing_commit_fail_at_once_and_do_not_wait_for_the_next_attempt()
    {
        var tooLong = (int)CommitterFixture.Patience.TotalMilliseconds * 10;
        using var slow = new CommitterFixture(retryDelayMs: tooLong);
        using var gate = new CommitGate();
        slow.Store.BeforeCommit = _ =>
        {
            gate.Pass();
            throw new IOException("injected before the commit");
        };
        var failed = slow.SubmitClaim(slow.Nodes[0], "lost");
        await gate.EnteredAsync();
        var gathered = slow.SubmitClaim(slow.Nodes[1], "gathered");
        gate.Open();

        await CommitterFixture.AssertFates(false, failed, gathered);
    }

    [Fact]
    public async Task A_node_that_the_store_never_knew_is_recovered_as_unknown()
    {
        _fixture.FailNextCommitBefore();
        var registered = _fixture.Submit(new TestEntry(DrivenNode.Registered(Sample.Spec("node-9"), nodeKey: 9)));

        await CommitterFixture.AssertFates(false, registered);
        Assert.Equal([9], (await _fixture.Observer.NextRecoveryAsync()).Unknown);
    }

    [Fact]
    public async Task An_entry_of_a_poisoned_ledger_that_comes_after_the_recovery_fails_alone()
    {
        _fixture.FailNextCommitBefore();
        var failed = _fixture.SubmitClaim(_fixture.Nodes[0], "lost");
        await _fixture.Observer.NextRecoveryAsync();

        using var gate = _fixture.StopNextCommit();
        var first = _fixture.SubmitClaim(_fixture.Nodes[1], "first");
        await gate.EnteredAsync();
        var late = _fixture.SubmitClaim(_fixture.Nodes[0], "late");
        var other = _fixture.SubmitClaim(_fixture.Nodes[2], "other");
        gate.Open();

        await CommitterFixture.AssertFates(false, failed, late);
        await CommitterFixture.AssertFates(true, first, other);
        Assert.Equal(["first", "other"], _fixture.StoredInstances());
        Assert.Single(_fixture.Observer.Losses);
    }

    [Fact]
    public async Task An_entry_that_drags_a_sound_node_down_with_a_poisoned_one_has_both_read_again()
    {
        _fixture.FailNextCommitBefore();
        var lost = _fixture.SubmitClaim(_fixture.Nodes[0], "lost");
        await _fixture.Observer.NextRecoveryAsync();

        // Three entries in one batch: the second rests on the poisoned node, the third rests on the second.
        using var gate = _fixture.StopNextCommit();
        var waiting = _fixture.SubmitClaim(_fixture.Nodes[2], "waiting");
        await gate.EnteredAsync();
        var before = _fixture.SubmitClaim(_fixture.Nodes[1], "before");
        _fixture.Nodes[0].Claim("on-both-0", Sample.Amounts(1, 1));
        _fixture.Nodes[1].Claim("on-both-1", Sample.Amounts(1, 1));
        var onBoth = _fixture.Submit(new TestEntry(_fixture.Nodes[0], _fixture.Nodes[1]));
        var after = _fixture.SubmitClaim(_fixture.Nodes[1], "after");
        gate.Open();

        await CommitterFixture.AssertFates(false, lost, onBoth, after);
        await CommitterFixture.AssertFates(true, waiting);
        var recovery = await _fixture.Observer.NextRecoveryAsync();
        Assert.Equal([1, 2], recovery.Nodes.Select(node => node.NodeKey).Order());
        string[] stored = await CommitterFixture.FateOf(before) ? ["before", "waiting"] : ["waiting"];
        Assert.Equal(stored, _fixture.StoredInstances());
        foreach (var node in _fixture.Nodes)
            Assert.Empty(LedgerInvariants.Verify(_fixture.StoredNode(node.View.NodeKey)));
    }

    [Fact]
    public async Task A_broken_ledger_fails_alone_and_its_node_is_read_again()
    {
        using var gate = _fixture.StopNextCommit();
        var first = _fixture.SubmitClaim(_fixture.Nodes[2], "first");
        await gate.EnteredAsync();
        // One batch, with the broken one in the middle.
        var before = _fixture.SubmitClaim(_fixture.Nodes[1], "before");
        var broken = _fixture.Submit(TestEntry.Broken(_fixture.Nodes[0]));
        var after = _fixture.SubmitClaim(_fixture.Nodes[2], "after");
        gate.Open();

        await CommitterFixture.AssertFates(true, first, before, after);
        await CommitterFixture.AssertFates(false, broken);
        var recovery = await _fixture.Observer.NextRecoveryAsync();
        NodeViewAssert.Equal(_fixture.Nodes[0].View, Assert.Single(recovery.Nodes));
        Assert.Single(_fixture.Observer.Faults);
        Assert.Empty(_fixture.Observer.Losses);
        Assert.Equal([true, false, false], _fixture.Nodes.Select(node => node.Ledger.Poisoned));
        Assert.Equal(["after", "before", "first"], _fixture.StoredInstances().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_change_by_another_writer_fails_the_commit_and_the_node_is_read_again_with_it()
    {
        var stranger = new DrivenNode(_fixture.Nodes[0].View);
        stranger.Claim("strangers", Sample.Amounts(8, 1));
        var (before, changes) = stranger.TakeChanges();
        OnDatabase($"UPDATE node_usage SET generation = {before.Generation + changes.Count} WHERE node_key = 1");

        var late = _fixture.SubmitClaim(_fixture.Nodes[0], "late");
        await CommitterFixture.AssertFates(false, late);
        var recovery = await _fixture.Observer.NextRecoveryAsync();
        Assert.Equal(stranger.View.Generation, Assert.Single(recovery.Nodes).Generation);
        Assert.IsType<GenerationConflictException>(Assert.Single(_fixture.Observer.Losses));
        Assert.Empty(_fixture.StoredInstances());
    }

    [Fact]
    public async Task Dispose_while_the_store_is_lost_ends_and_fails_what_waits()
    {
        _fixture.Store.BeforeReopen = () => throw new IOException("injected for good");
        _fixture.FailNextCommitBefore();
        var failed = _fixture.SubmitClaim(_fixture.Nodes[0], "lost");
        await CommitterFixture.AssertFates(false, failed);
        var late = _fixture.SubmitClaim(_fixture.Nodes[1], "late");

        await Task.Run(_fixture.Committer.Dispose, TestContext.Current.CancellationToken)
            .WaitAsync(CommitterFixture.Patience, TestContext.Current.CancellationToken);
        await CommitterFixture.AssertFates(false, late);
    }

    private static IEnumerable<string> InstancesOf(NodeView node) => node.Claims.Values.Select(claim => claim.Instance.Id.Value);

    private void OnDatabase(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_fixture.DatabasePath};Pooling=False");
        connection.Open();
        connection.Execute(sql);
    }
}
