using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Ledger.Tests.Candidates;

/// <summary>A fleet that lives at random: nodes come, change, fill, empty and go. Every change is put into the index as it is made.</summary>
internal sealed class RandomFleet(Random random, int nodesMax)
{
    private static readonly ResourceClass[] _classes = [ResourceClass.Vcpu, ResourceClass.MemoryMb, ResourceClass.DiskGb, new("CUSTOM_LICENSE")];
    private static readonly string[] _traits = ["CUSTOM_A", "CUSTOM_B", "HW_CPU_X86_AVX2"];
    private static readonly NodeState[] _states = [NodeState.Enabled, NodeState.Enabled, NodeState.Disabled, NodeState.Draining];

    private readonly List<DrivenNode> _nodes = [];
    private int _claims;

    public CandidateIndex Index { get; } = new();

    public IEnumerable<NodeView> Nodes => _nodes.Select(node => node.View);

    public void Step()
    {
        var node = _nodes.Count == 0 || (_nodes.Count < nodesMax && random.Next(3) == 0) ? AddNode() : _nodes[random.Next(_nodes.Count)];
        switch (random.Next(12))
        {
            case 0:
                node.Decide(view => NodeRules.Register(view, Spec(view.Id.Value), null, Sample.Now));
                break;
            case 1 when node.View.Exists:
                node.Decide(view => NodeRules.SetState(view, Any(_states), "", null, Sample.Now));
                break;
            case 2 when node.View.Exists && random.Next(3) == 0:
                node.Decide(view => NodeRules.Delete(view, force: true, "", null, Sample.Now));
                break;
            case < 6 when node.View.Claims.Count > 0:
                node.Release(node.View.Claims.Values.ElementAt(random.Next(node.View.Claims.Count)));
                break;
            default:
                node.TryClaim($"instance-{++_claims}", Amounts(60));
                break;
        }

        Index.Put(node.View);
    }

    public CandidateQuery Query()
    {
        var request = ResourceRequest.Of(random.Next(10) == 0 ? ResourceAmounts.Empty : Amounts(80)) with
        {
            RequiredTraits = Traits(5),
            ForbiddenTraits = Traits(5),
            AnyOfTraits = TraitSets(),
            UsageLimits = random.Next(3) == 0 ? Amounts(120) : ResourceAmounts.Empty,
        };
        var filter = random.Next(2) == 0 ? NodeFilterRules.All : new NodeFilterRules(
            random.Next(3) == 0 ? new HashSet<NodeState> { Any(_states) } : new HashSet<NodeState>(),
            Traits(6),
            Traits(6),
            random.Next(2) == 0 ? ValueList.From([KeyValuePair.Create("zone", $"zone-{random.Next(3)}")]) : [],
            Names(random.Next(4)))
        {
            AnyOfTraits = TraitSets(),
            // Some names are of nodes that are not there yet.
            Only = random.Next(3) == 0 ? Names(1 + random.Next(nodesMax)) : new HashSet<NodeId>(),
        };
        return new CandidateQuery(request, filter, random.Next(2) == 0 ? Strategy.Spread : Strategy.Pack);
    }

    /// <summary>The numbers of some nodes.</summary>
    public IEnumerable<int> KeysOf(IReadOnlySet<NodeId> ids) => Nodes.Where(node => ids.Contains(node.Id)).Select(node => node.NodeKey);

    private DrivenNode AddNode()
    {
        var key = _nodes.Count + 1;
        var node = DrivenNode.Registered(Spec($"node-{key}"), key);
        _nodes.Add(node);
        return node;
    }

    // Few kinds, sizes and labels, so that groups are large and ties are common.
    private NodeSpec Spec(string name) => NodeSpec.Unknown(new NodeId(name)) with
    {
        Inventories = InventoryTable.From(_classes.Where((_, i) => i == 0 || random.Next(6) > 0).Select(known => KeyValuePair.Create(known, Inventory()))),
        Traits = Traits(3),
        Labels = ValueList.From([KeyValuePair.Create("rack", "r"), KeyValuePair.Create("zone", $"zone-{random.Next(3)}")]),
    };

    private Inventory Inventory() => Sample.Inventory(
        total: 50 * random.Next(4),
        ratio: random.Next(4) == 0 ? 2.5 : 1.0,
        minUnit: random.Next(8) == 0 ? 5 : 1,
        maxUnit: random.Next(3) == 0 ? 40 : 1_000,
        stepSize: random.Next(8) == 0 ? 4 : 1);

    private ResourceAmounts Amounts(int most) => ResourceAmounts.From(
        _classes.Where((_, i) => i == 0 || random.Next(3) == 0).Select(known => new ResourceAmount(known, 1 + (random.Next(most) * random.Next(2)))));

    private HashSet<NodeId> Names(int count) => Enumerable.Range(0, count).Select(_ => new NodeId($"node-{1 + random.Next(nodesMax)}")).ToHashSet();

    private ValueList<ValueList<string>> TraitSets() =>
        ValueList.From(Enumerable.Range(0, Math.Max(0, random.Next(6) - 3)).Select(_ => Traits(2)).Where(set => set.Count > 0));

    // Each trait with a chance of one in so many.
    private ValueList<string> Traits(int oneIn) => ValueList.From(_traits.Where(_ => random.Next(oneIn) == 0));

    private T Any<T>(T[] values) => values[random.Next(values.Length)];
}
