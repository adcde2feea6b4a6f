using BenchmarkDotNet.Attributes;
using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Benchmarks;

/// <summary>
/// What it costs to find the ten best nodes by the size of the fleet, and to keep the index: three classes, sixteen sets of traits, a zone
/// label, and 70 % of each node in use on average, each class on its own.
/// </summary>
[MemoryDiagnoser]
[ShortRunJob]
public class FindingCandidates
{
    private const int Limit = 10;
    private const int ZoneCount = 100;

    private static readonly ResourceAmounts _small = Amounts(4, 8_192, 40);

    // Fits on about a third of the nodes.
    private static readonly ResourceAmounts _large = Amounts(64, 196_608, 400);
    private static readonly ResourceAmounts _tooLarge = Amounts(250, 1_000_000, 40);

    private static readonly NodeFilterRules _zone =
        NodeFilterRules.All with { Labels = ValueList.From([KeyValuePair.Create("zone", "zone-7")]) };

    private readonly CandidateIndex _index = new();
    private NodeView[] _nodes = null!;
    private int _put;

    /// <summary>Nodes in the fleet.</summary>
    [Params(10_000, 30_000, 100_000)]
    public int Nodes { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var random = new Random(7);
        _nodes = [.. Enumerable.Range(1, Nodes).Select(key => Make(key, random))];
        foreach (var node in _nodes)
            _index.Put(node);
    }

    /// <summary>The plain way: the predicate on every picture.</summary>
    [Benchmark(Baseline = true)]
    public int EveryPicture() => Scan(Plain(_small)).Length;

    [Benchmark]
    public int Spread() => Find(Plain(_small));

    [Benchmark]
    public int Pack() => Find(Plain(_small) with { Strategy = Strategy.Pack });

    [Benchmark]
    public int FitsOnAThird() => Find(Plain(_large));

    [Benchmark]
    public int FitsNowhere() => Find(Plain(_tooLarge));

    [Benchmark]
    public int WithTraits() => Find(Plain(_small) with
    {
        Request = ResourceRequest.Of(_small) with { RequiredTraits = ["CUSTOM_KIND_1"], ForbiddenTraits = ["CUSTOM_KIND_2"] },
    });

    [Benchmark]
    public int InAZone() => Find(Plain(_small) with { Filter = _zone });

    [Benchmark]
    public void PutAfterAClaim() => _index.Put(_nodes[_put++ % _nodes.Length]);

    private int Find(CandidateQuery query) => _index.TrySearch(query, Limit, [])!.Nodes.Count;

    private NodeView[] Scan(CandidateQuery query)
    {
        var counts = new Dictionary<(RefusalReason Reason, string Subject), int>();
        var best = new PriorityQueue<NodeView, CandidateRank>();
        foreach (var node in _nodes)
        {
            if (query.Refuse(node) == RefusalReason.None)
            {
                best.Enqueue(node, CandidateRank.Of(node, query.Request.Amounts, query.Strategy)!.Value);
                if (best.Count > Limit)
                    best.Dequeue();
                continue;
            }

            foreach (var refused in FitRules.Explain(node, query.Request))
                counts[(refused.Reason, refused.Subject)] = counts.GetValueOrDefault((refused.Reason, refused.Subject)) + 1;
        }

        return [.. best.UnorderedItems.Select(item => item.Element)];
    }

    private static CandidateQuery Plain(ResourceAmounts amounts) => new(ResourceRequest.Of(amounts), NodeFilterRules.All, Strategy.Spread);

    private static NodeView Make(int key, Random random)
    {
        var spec = Sample.Spec(
            $"node-{key}",
            (ResourceClass.Vcpu, Sample.Inventory(128, reserved: 2, ratio: 2, maxUnit: 256)),
            (ResourceClass.MemoryMb, Sample.Inventory(524_288 - random.Next(64), reserved: 8_192, maxUnit: 524_288)),
            (ResourceClass.DiskGb, Sample.Inventory(4_000)));
        var node = DrivenNode.Registered(
            spec with
            {
                Traits = ["COMPUTE_NODE", $"CUSTOM_KIND_{random.Next(4)}", $"CUSTOM_RACK_{random.Next(4)}"],
                Labels = ValueList.From([KeyValuePair.Create("host", $"node-{key}"), KeyValuePair.Create("zone", $"zone-{random.Next(ZoneCount)}")]),
            },
            key);
        node.Claim("instance", Amounts(Used(252), Used(516_000), Used(4_000)));
        return node.View;

        // 40 % to 100 %.
        long Used(long capacity) => (long)(capacity * (0.4 + (0.6 * random.NextDouble())));
    }

    private static ResourceAmounts Amounts(long vcpus, long memoryMb, long diskGb) =>
        Sample.Amounts((ResourceClass.Vcpu, vcpus), (ResourceClass.MemoryMb, memoryMb), (ResourceClass.DiskGb, diskGb));
}
