using System.Collections.Concurrent;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Storage.Tests.Committing;

/// <summary>
/// Workers that claim and release on a store that fails at random, before and after commits and while it is opened again. They do what the
/// service's workers do: go on at once on applied changes, and start again from the store when their ledger is poisoned.
/// </summary>
public sealed class RandomFaultTests : IDisposable
{
    private const int StepCount = 1_500;

    private readonly CommitterFixture _fixture = new(nodeCount: 4, batchMax: 5);
    private readonly DrivenNode[] _nodes;
    private readonly Random _random;
    private readonly Random _faults;
    private readonly ConcurrentDictionary<int, NodeView> _restored = new();
    private readonly SemaphoreSlim _recovered = new(0);
    private readonly ConcurrentBag<Guid> _foundDurable = [];
    private readonly List<(string Instance, TestEntry Entry)> _claims = [];
    private readonly List<(string Instance, TestEntry Entry)> _releases = [];

    public RandomFaultTests()
    {
        var seed = Seed.Next();
        _random = new Random(seed);
        // The writer's thread has its own.
        _faults = new Random(~seed);
        _nodes = [.. _fixture.Nodes];
    }

    public void Dispose()
    {
        _fixture.Dispose();
        _recovered.Dispose();
    }

    [Fact]
    public async Task Whatever_fails_every_told_change_is_stored_and_every_failed_one_is_reported_if_it_is()
    {
        InjectFaults();
        for (var i = 0; i < StepCount; i++)
        {
            await StepAsync(i);
            if (_random.Next(8) == 0)
                await CommitterFixture.FateOf(_claims[^1].Entry);
        }

        _fixture.Committer.Dispose();
        await AssertFatesMatchStore();
        AssertNodesMatchStore();
        Assert.NotEmpty(_fixture.Observer.Losses);
    }

    private void InjectFaults()
    {
        _fixture.Store.BeforeCommit = _ => StumbleOnceIn(12);
        _fixture.Store.AfterCommit = _ => StumbleOnceIn(12);
        _fixture.Store.BeforeReopen = () => StumbleOnceIn(3);
        _fixture.Observer.WhenRecovered = recovery =>
        {
            foreach (var request in recovery.Requests)
                _foundDurable.Add(request.RequestId);
            foreach (var node in recovery.Nodes)
                _restored[node.NodeKey] = node;
            _recovered.Release();
        };

        void StumbleOnceIn(int times)
        {
            if (_faults.Next(times) == 0)
                throw new IOException("injected");
        }
    }

    private async Task StepAsync(int step)
    {
        var place = _random.Next(_nodes.Length);
        if (_nodes[place].Ledger.Poisoned)
            await RestartAsync(place);

        var node = _nodes[place];
        if (node.View.Claims.Count >= 6)
        {
            var ended = node.View.Claims.Values.ElementAt(_random.Next(node.View.Claims.Count));
            node.Release(ended);
            _releases.Add((ended.Instance.Id.Value, Submit(node, step)));
            return;
        }

        var instance = $"instance-{step}";
        node.Claim(instance, Sample.Amounts(1, 1 + _random.Next(100)));
        _claims.Add((instance, Submit(node, step)));
    }

    private async Task RestartAsync(int place)
    {
        NodeView? stored;
        while (!_restored.TryRemove(_nodes[place].View.NodeKey, out stored))
        {
            Assert.True(
                await _recovered.WaitAsync(CommitterFixture.Patience, TestContext.Current.CancellationToken),
                $"node {place + 1} was poisoned and never read again");
        }

        _nodes[place] = _nodes[place].RestartedFrom(stored);
    }

    private TestEntry Submit(DrivenNode node, int step) =>
        _fixture.Submit(new TestEntry(node) { AskedBy = new RequestOrigin("worker", new Guid(step, 1, 0, new byte[8]), step, [1]) });

    private async Task AssertFatesMatchStore()
    {
        var stored = _fixture.Reader.ListEvents(new EventFilter { Actor = "worker" }, limit: StepCount * 2).Select(recorded => recorded.RequestId!.Value).ToHashSet();
        var foundDurable = _foundDurable.ToHashSet();
        var disposing = new HashSet<Guid>();
        foreach (var (_, entry) in _claims.Concat(_releases))
        {
            var id = entry.Origin.RequestId!.Value;
            if (await CommitterFixture.FateOf(entry))
                Assert.Contains(id, stored);
            else if (stored.Contains(id) && !foundDurable.Contains(id))
                disposing.Add(id);
        }

        // Only the last batch may be in doubt for good: the committer was disposed before it could look.
        Assert.InRange(disposing.Count, 0, 5);

        var released = await DurableAsync(_releases);
        var held = _fixture.StoredInstances();
        Assert.Equal(held.Length, held.Distinct(StringComparer.Ordinal).Count());
        Assert.Empty((await DurableAsync(_claims)).Except(held).Except(_releases.Select(release => release.Instance)));
        Assert.Empty(released.Intersect(held));
    }

    private static async Task<List<string>> DurableAsync(IEnumerable<(string Instance, TestEntry Entry)> steps)
    {
        var durable = new List<string>();
        foreach (var (instance, entry) in steps)
        {
            if (await CommitterFixture.FateOf(entry))
                durable.Add(instance);
        }

        return durable;
    }

    private void AssertNodesMatchStore()
    {
        foreach (var stored in _fixture.Reader.ReadNodes(null))
        {
            Assert.Empty(LedgerInvariants.Verify(stored.Node));
            Assert.Equal(stored.Node.UsedByClass(), stored.RecordedUsage);
            var node = _nodes.Single(worked => worked.View.NodeKey == stored.Node.NodeKey);
            if (!node.Ledger.Poisoned)
                NodeViewAssert.Equal(node.View, stored.Node);
        }
    }
}
