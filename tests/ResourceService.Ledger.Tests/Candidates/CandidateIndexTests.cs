using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Candidates;

public class CandidateIndexTests
{
    private static readonly CandidateQuery _query = Ask(1, 1);

    [Fact]
    public void A_fleet_of_no_nodes_is_searched_in_vain()
    {
        var found = Search(new CandidateIndex(), _query);

        Assert.Empty(found.Nodes);
        Assert.Equal(0, found.Refusals.Examined);
    }

    [Fact]
    public void Equal_nodes_come_in_the_order_of_their_registration()
    {
        var index = new CandidateIndex();
        for (var key = 300; key > 0; key--)
            index.Put(Node(key).View);

        Assert.Equal(Enumerable.Range(1, 20), Search(index, _query, limit: 20).Nodes.Select(node => node.NodeKey));
    }

    [Fact]
    public void A_node_lacking_several_traits_counts_once()
    {
        var index = new CandidateIndex();
        index.Put(Node(1).View);

        var found = Search(index, _query with { Request = _query.Request with { RequiredTraits = ["CUSTOM_A", "CUSTOM_B"] } });

        Assert.Equal([(RefusalReason.TraitMissing, "", 1)], found.Refusals.MostFrequentFirst());
    }

    [Fact]
    public void What_looks_inside_nodes_examines_only_those_that_it_decides()
    {
        var index = new CandidateIndex();
        for (var key = 1; key <= 100; key++)
            index.Put(Node(key).View);
        index.Put(Node(101, vcpus: 0).View);
        var inside = _query with { Request = _query.Request with { Devices = [new Devices.DeviceRequest("nic", 1, [], Devices.DeviceNumaPolicy.Legacy)] } };
        var takers = Enumerable.Range(1, 100).Where(key => inside.Refuse(Node(key).View) == RefusalReason.None).Take(10).ToList();

        var found = Search(index, inside);

        Assert.Equal(takers, found.Nodes.Select(node => node.NodeKey));
        Assert.Equal(takers.Count == 0 ? 101 : 11, found.Refusals.Examined);
    }

    [Fact]
    public async Task Who_searches_while_others_come_and_go_misses_nobody()
    {
        const int Rounds = 3_000;
        var index = new CandidateIndex();
        var stable = Enumerable.Range(1, 100).Select(key => Node(key)).ToList();
        foreach (var node in stable)
            index.Put(node.View);
        var coming = Enumerable.Range(101, 100).Select(key => Node(key)).ToList();
        var going = coming.Select(node => new DrivenNode(node.View)).ToList();
        foreach (var node in going)
            node.Decide(view => NodeRules.SetState(view, NodeState.Disabled, "", null, Sample.Now));

        // A node that comes or goes moves another one within its group.
        using var ended = new CancellationTokenSource();
        var writer = Task.Run(
            () =>
            {
                for (var i = 0; !ended.IsCancellationRequested; i++)
                    index.Put((i / 2 % 2 == 0 ? coming : going)[i % coming.Count].View);
            },
            TestContext.Current.CancellationToken);
        var clean = 0;
        for (var round = 0; round < Rounds; round++)
        {
            if (index.TrySearch(_query, 200, []) is not { } found)
                continue;
            clean++;
            Assert.Equal(stable.Count, found.Nodes.Count(node => node.NodeKey <= stable.Count));
        }

        await ended.CancelAsync();
        await writer;
        Assert.True(clean > 0, "no search ended between two changes");
    }

    private static CandidateList Search(CandidateIndex index, CandidateQuery query, int limit = 10)
    {
        var found = index.TrySearch(query, limit, []);
        Assert.NotNull(found);
        return found;
    }

    private static CandidateQuery Ask(long vcpus, long memoryMb) =>
        new(Sample.Request(Sample.Amounts(vcpus, memoryMb)), NodeFilterRules.All, Strategy.Spread);

    private static DrivenNode Node(int key, long vcpus = 8) => DrivenNode.Registered(
        Sample.Spec($"node-{key}", (ResourceClass.Vcpu, Sample.Inventory(vcpus)), (ResourceClass.MemoryMb, Sample.Inventory(64))), key);
}
