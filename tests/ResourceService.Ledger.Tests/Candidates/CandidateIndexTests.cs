using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
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
    public void A_node_with_one_trait_of_each_set_fits_and_others_count_once()
    {
        var index = new CandidateIndex();
        index.Put(Node(1, trait: "CUSTOM_A").View);
        index.Put(Node(2, trait: "CUSTOM_B").View);
        index.Put(Node(3).View);

        var found = Search(index, _query with { Request = _query.Request with { AnyOfTraits = [["CUSTOM_A", "CUSTOM_C"], ["CUSTOM_A", "CUSTOM_D"]] } });

        Assert.Equal([1], found.Nodes.Select(node => node.NodeKey));
        Assert.Equal([(RefusalReason.AnyOfTraitsMissing, "", 2)], found.Refusals.MostFrequentFirst());
    }

    [Fact]
    public void A_search_among_some_nodes_looks_at_no_others()
    {
        var index = new CandidateIndex();
        foreach (var key in Enumerable.Range(1, 1_000))
            index.Put(Node(key, vcpus: key % 2 == 0 ? 8 : 0, trait: key % 3 == 0 ? "CUSTOM_A" : null).View);
        index.Put(Disabled(1_001));
        var only = new[] { 2, 3, 64, 65, 66, 999, 1_000, 1_001 };

        // The index goes by the numbers alone: the filter is asked only about what it decides.
        var found = index.TrySearch(_query, 10, [66], only);

        Assert.NotNull(found);
        Assert.Equal([2, 64, 1_000], found.Nodes.Select(node => node.NodeKey));
        Assert.Equal(only.Length, found.Refusals.Examined);
        Assert.Equal(
            [(RefusalReason.CapacityExceeded, "VCPU", 3), (RefusalReason.NodeNotEnabled, "", 1), (RefusalReason.NodeFiltered, "", 1)],
            found.Refusals.MostFrequentFirst());
        Assert.Equal(0, index.TrySearch(_query, 10, [], [])!.Refusals.Examined);

        NodeView Disabled(int key)
        {
            var node = Node(key);
            node.Decide(view => NodeRules.SetState(view, NodeState.Disabled, "", null, Sample.Now));
            return node.View;
        }
    }

    [Fact]
    public void What_looks_inside_nodes_examines_only_those_that_it_decides()
    {
        var index = new CandidateIndex();
        // Every tenth node has a device. One node more is refused by its amounts.
        for (var key = 1; key <= 500; key++)
            index.Put(Node(key, hasDevice: key % 10 == 0).View);
        index.Put(Node(501, vcpus: 0, hasDevice: true).View);
        var alternative = new DeviceDescription("8086", null, null, []);
        var inside = _query with { Request = _query.Request with { Devices = [new DeviceRequest("nic", 1, [alternative], DeviceNumaPolicy.Legacy)] } };

        var first = Search(index, inside, limit: 10);
        Assert.Equal(Enumerable.Range(1, 10).Select(i => 10 * i), first.Nodes.Select(node => node.NodeKey));
        Assert.Equal(101, first.Refusals.Examined);
        Assert.Equal([(RefusalReason.DeviceNotMatched, "", 90), (RefusalReason.CapacityExceeded, "VCPU", 1)], first.Refusals.MostFrequentFirst());

        var all = Search(index, inside, limit: 100);
        Assert.Equal(Enumerable.Range(1, 50).Select(i => 10 * i), all.Nodes.Select(node => node.NodeKey));
        Assert.Equal(501, all.Refusals.Examined);
        Assert.Equal([(RefusalReason.DeviceNotMatched, "", 450), (RefusalReason.CapacityExceeded, "VCPU", 1)], all.Refusals.MostFrequentFirst());
    }

    [Fact]
    public void A_search_during_which_a_node_changed_its_kind_gives_no_answer()
    {
        var index = new CandidateIndex();
        foreach (var key in Enumerable.Range(1, 100))
            index.Put(Node(key).View);
        var filled = Node(1);
        filled.Claim("instance", Sample.Amounts(8, 1));

        // What is left out is read after the search began.
        Assert.Null(index.TrySearch(_query, 10, Meanwhile(Node(50, trait: "CUSTOM_A").View)));
        Assert.Equal(Enumerable.Range(2, 10), index.TrySearch(_query, 10, Meanwhile(filled.View))?.Nodes.Select(node => node.NodeKey));

        IEnumerable<int> Meanwhile(NodeView changed)
        {
            index.Put(changed);
            yield break;
        }
    }

    private static CandidateList Search(CandidateIndex index, CandidateQuery query, int limit = 10)
    {
        var found = index.TrySearch(query, limit, []);
        Assert.NotNull(found);
        return found;
    }

    private static CandidateQuery Ask(long vcpus, long memoryMb) =>
        new(Sample.Request(Sample.Amounts(vcpus, memoryMb)), NodeFilterRules.All, Strategy.Spread);

    private static DrivenNode Node(int key, long vcpus = 8, string? trait = null, bool hasDevice = false)
    {
        var spec = Sample.Spec($"node-{key}", (ResourceClass.Vcpu, Sample.Inventory(vcpus)), (ResourceClass.MemoryMb, Sample.Inventory(64)));
        var device = new Device("0000:81:00.0", "8086", "154d", DeviceType.Pci, null, null, []);
        return DrivenNode.Registered(spec with { Traits = trait is null ? [] : [trait], Devices = hasDevice ? [device] : [] }, key);
    }
}
