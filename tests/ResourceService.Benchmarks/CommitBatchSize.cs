using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Storage;
using ResourceService.Storage.Sqlite;

namespace ResourceService.Benchmarks;

/// <summary>
/// What a durable claim costs by the number of claims in its transaction, on a store of 10,000 nodes. The batches are made before the clock
/// runs: this is the store alone. Times are per transaction; divide by <see cref="Claims"/> for a claim.
/// </summary>
[MemoryDiagnoser]
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 20, iterationCount: 200)]
public class CommitBatchSize
{
    private const int NodeCount = 10_000;

    private readonly Random _random = new(7);
    private DirectoryInfo _folder = null!;
    private SqliteClaimStore _store = null!;
    private DrivenNode[] _nodes = null!;
    private CommitBatch _batch = null!;
    private long _lastRevision;
    private int _instances;

    /// <summary>Claims in one transaction, each on a node chosen at random.</summary>
    [Params(1, 16, 64, 1_000)]
    public int Claims { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _folder = Directory.CreateTempSubdirectory("resourceservice-benchmark-");
        _store = SqliteClaimStore.Open(new StorageOptions { DataDirectory = _folder.FullName });
        _nodes = [.. Enumerable.Range(1, NodeCount).Select(key => DrivenNode.Registered(
            Sample.Spec($"node-{key}", (Ledger.ResourceClass.Vcpu, Sample.Inventory(1 << 20)), (Ledger.ResourceClass.MemoryMb, Sample.Inventory(1 << 30))), key))];
        _batch = Take(_nodes);
        Commit();
    }

    [IterationSetup]
    public void Claim()
    {
        var entries = new List<DrivenNode>(Claims);
        for (var i = 0; i < Claims; i++)
        {
            var node = _nodes[_random.Next(NodeCount)];
            node.Claim($"instance-{++_instances}", Sample.Amounts(1, 1));
            entries.Add(node);
        }

        _batch = Take(entries.Distinct());
    }

    [Benchmark]
    public void Commit()
    {
        _store.Commit(_batch);
        _lastRevision = _batch.LastRevision;
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _store.Dispose();
        _folder.Delete(recursive: true);
    }

    private CommitBatch Take(IEnumerable<DrivenNode> nodes)
    {
        var batch = new CommitBatch(_lastRevision);
        foreach (var node in nodes)
            batch.Add(new NodeEntry(node));
        return batch;
    }

    private sealed class NodeEntry : CommitEntry
    {
        public NodeEntry(DrivenNode node)
        {
            var (before, changes) = node.TakeChanges();
            Nodes = [new NodeCommit(node.Ledger, before, changes)];
        }

        public override void Committed(long answer)
        {
            // Nobody waits.
        }

        public override void Failed()
        {
            // Nobody waits.
        }
    }
}
