using CsCheck;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Ledger.Tests.Candidates;
using Xunit;

namespace ResourceService.Ledger.Tests.Nodes;

public class FleetSumTests
{
    // More than any node of the random fleet has of a class.
    private const long AmountMax = 400;

    [Fact]
    public void Sums_over_a_fleet_at_random_are_those_of_its_nodes_and_claims() => Gen.Int.Positive.Sample(
        seed =>
        {
            var fleet = new RandomFleet(new Random(seed), nodesMax: 40);
            for (var step = 0; step < 200; step++)
                fleet.Step();
            var nodes = fleet.Nodes.Where(node => node.Exists).ToList();

            var sum = new FleetSum();
            nodes.ForEach(sum.Add);

            Assert.Equal(nodes.Count, sum.NodeCount);
            Assert.All(Enum.GetValues<NodeState>(), state => Assert.Equal(nodes.Count(node => node.State == state), sum.NodesIn(state)));
            Assert.Equal(
                nodes.SelectMany(node => node.Spec.Inventories.Classes.ToArray()).Distinct().Order(), sum.Classes.Select(item => item.Class).Order());
            Assert.All(sum.Classes, item => Check(item, nodes));
        },
        iter: 20);

    [Fact]
    public void A_node_over_capacity_hides_nothing_of_what_is_free_elsewhere()
    {
        var over = DrivenNode.Registered();
        over.Claim("instance", Sample.Amounts(8, 1));
        over.Decide(view => NodeRules.Register(view, Sample.Spec(Sample.NodeName, (ResourceClass.Vcpu, Sample.Inventory(2)), (ResourceClass.MemoryMb, Sample.Inventory(64))), null, Sample.Now));
        var sum = new FleetSum();
        sum.Add(over.View);
        sum.Add(DrivenNode.Registered(Sample.Spec("node-2"), nodeKey: 2).View);

        var vcpus = sum.Classes.Single(item => item.Class == ResourceClass.Vcpu);

        Assert.Equal((10, 8, 8), (vcpus.Capacity, vcpus.Used, vcpus.Free));
        Assert.Equal((2, 1, 1, 8), (vcpus.NodeCount, vcpus.FullNodeCount, vcpus.OverCapacityNodeCount, vcpus.LargestFit));
    }

    [Fact]
    public void Sums_stop_at_the_largest_number()
    {
        var sum = new FleetSum();
        for (var key = 1; key <= 2; key++)
            sum.Add(DrivenNode.Registered(Sample.Spec($"node-{key}", (ResourceClass.Vcpu, Sample.Inventory(long.MaxValue, ratio: 2))), key).View);

        var vcpus = Assert.Single(sum.Classes);

        Assert.Equal((long.MaxValue, long.MaxValue, long.MaxValue), (vcpus.Capacity, vcpus.Free, vcpus.LargestFit));
    }

    private static void Check(ClassSum sum, List<NodeView> nodes)
    {
        var having = nodes.Where(node => node.Spec.Inventories.IndexOf(sum.Class) >= 0).ToList();
        Assert.Equal(having.Sum(Capacity), sum.Capacity);
        Assert.Equal(nodes.Sum(Used), sum.Used);
        Assert.Equal(having.Sum(node => Math.Max(0, Capacity(node) - Used(node))), sum.Free);
        Assert.Equal(having.Count, sum.NodeCount);
        Assert.Equal(having.Count(node => Used(node) >= Capacity(node)), sum.FullNodeCount);
        Assert.Equal(having.Count(node => Used(node) > Capacity(node)), sum.OverCapacityNodeCount);
        Assert.Equal(LargestFit(sum.Class, having), sum.LargestFit);

        long Capacity(NodeView node) => node.Spec.Inventories[node.Spec.Inventories.IndexOf(sum.Class)].Capacity;

        long Used(NodeView node) => node.Claims.Values.Sum(claim => claim.Amounts.Of(sum.Class));
    }

    // By the claim's own rule, tried with every amount.
    private static long LargestFit(ResourceClass resourceClass, IReadOnlyList<NodeView> nodes)
    {
        for (var amount = AmountMax; amount > 0; amount--)
        {
            var request = Sample.Request(Sample.Amounts((resourceClass, amount)));
            if (nodes.Any(node => node.State == NodeState.Enabled && FitRules.FirstRefusalOfAmounts(node, request) == RefusalReason.None))
                return amount;
        }

        return 0;
    }
}
