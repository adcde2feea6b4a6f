using CsCheck;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Ledger.Tests.Candidates;
using Xunit;

namespace ResourceService.Ledger.Tests.Nodes;

public class NodeOrderTests
{
    private static readonly ResourceClass _disk = ResourceClass.DiskGb;

    [Fact]
    public void Pages_of_a_fleet_at_random_are_the_whole_fleet_sorted() => Gen.Int.Positive.Sample(
        seed =>
        {
            var random = new Random(seed);
            var fleet = new RandomFleet(random, nodesMax: 120);
            for (var step = 0; step < 300; step++)
                fleet.Step();
            var nodes = fleet.Nodes.Where(node => node.Exists).ToList();
            var order = new NodeOrder((NodeOrderKey)random.Next(4), _disk, random.Next(2) == 0);

            Assert.Equal(Sorted(nodes, order).Select(node => node.Id), Paged(nodes, order, pageSize: 1 + random.Next(40)));
        },
        iter: 30);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nodes_without_the_class_come_last_and_equal_ones_by_id(bool descending)
    {
        NodeView[] nodes = [Node("d", 5), Node("b", null), Node("c", 5), Node("a", null), Node("e", 7), Node("f", 0)];

        var order = new NodeOrder(NodeOrderKey.Free, _disk, descending);

        Assert.Equal(descending ? "e c d f a b" : "f c d e a b", string.Join(' ', order.First(nodes, null, 10).Select(node => node.Id)));
    }

    [Fact]
    public void A_class_over_its_capacity_is_used_more_than_a_full_one_and_has_less_than_nothing_free()
    {
        NodeView[] nodes = [Node("full", 4, used: 4), Node("over", 4, used: 6), Node("none", 0), Node("half", 4, used: 2)];

        Assert.Equal("over full none half", First(NodeOrderKey.UsedRatio, descending: true));
        Assert.Equal("over full none half", First(NodeOrderKey.Free, descending: false));

        string First(NodeOrderKey key, bool descending) =>
            string.Join(' ', new NodeOrder(key, _disk, descending).First(nodes, null, 4).Select(node => node.Id));
    }

    [Theory]
    [InlineData(-2, null, null, null, true)]
    [InlineData(-1, null, null, null, false)]
    [InlineData(null, -2, null, null, true)]
    [InlineData(null, -3, null, null, false)]
    [InlineData(null, null, 1.5, null, true)]
    [InlineData(null, null, 1.51, null, false)]
    [InlineData(null, null, null, 1.5, true)]
    [InlineData(null, null, null, 1.49, false)]
    [InlineData(null, null, null, null, true)]
    [InlineData(-2, -2, 1.5, 1.5, true)]
    [InlineData(-2, -2, 1.5, 1.4, false)]
    public void A_condition_holds_at_its_bounds(int? minFree, int? maxFree, double? minRatio, double? maxRatio, bool holds)
    {
        var condition = new UsageCondition(_disk, minFree, maxFree, minRatio, maxRatio);

        Assert.Equal(holds, condition.Holds(Node("over", 4, used: 6)));
        Assert.False(condition.Holds(Node("without", null)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    public void A_class_without_capacity_counts_as_used_up(long used) =>
        Assert.True(new UsageCondition(_disk, null, 0, 1, 1).Holds(Node("none", 0, used)));

    private static List<NodeId> Paged(IReadOnlyList<NodeView> nodes, NodeOrder order, int pageSize)
    {
        var paged = new List<NodeId>();
        NodeRank? after = null;
        while (true)
        {
            var page = order.First(nodes, after, pageSize);
            paged.AddRange(page.Select(node => node.Id));
            if (page.Count < pageSize)
                return paged;
            after = order.RankOf(page[^1]);
        }
    }

    private static IEnumerable<NodeView> Sorted(IEnumerable<NodeView> nodes, NodeOrder order)
    {
        var lacking = order.Key is NodeOrderKey.Free or NodeOrderKey.UsedRatio;
        var first = nodes.OrderBy(node => lacking && Place(node) < 0);
        return (order.Descending ? first.ThenByDescending(Value) : first.ThenBy(Value)).ThenBy(node => node.Id.Value, StringComparer.Ordinal);

        double Value(NodeView node) => order.Key switch
        {
            NodeOrderKey.UpdateTime => node.UpdateTime.UnixMs,
            NodeOrderKey.ClaimCount => node.Claims.Count,
            _ when Place(node) < 0 => 0,
            NodeOrderKey.Free => node.Spec.Inventories[Place(node)].Capacity - node.Used[Place(node)],
            _ when node.Spec.Inventories[Place(node)].Capacity == 0 => 1,
            _ => node.Used[Place(node)] / (double)node.Spec.Inventories[Place(node)].Capacity,
        };
    }

    private static int Place(NodeView node) => node.Spec.Inventories.Classes.IndexOf(_disk);

    // A node with so much disk, or without the class. What is used was claimed before the disk shrank to its size.
    private static NodeView Node(string name, long? disk, long used = 0)
    {
        var node = DrivenNode.Registered(Spec(name, used + 10));
        if (used > 0)
            node.Claim("instance", Sample.Amounts((_disk, used)));
        node.Decide(view => NodeRules.Register(view, disk is { } total ? Spec(name, total) : Sample.Spec(name), null, Sample.Now));
        return node.View;
    }

    private static NodeSpec Spec(string name, long disk) => Sample.Spec(name, (_disk, Sample.Inventory(disk)));
}
