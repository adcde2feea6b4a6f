using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Nodes;

/// <summary>What owners may set of a node: the refusals in guard order, then what is accepted, and what reports make of it.</summary>
public sealed class FieldRulesTests
{
    private static readonly ResourceClass _license = new("CUSTOM_LICENSE");
    private static readonly FieldRights _force = new(Force: true, OnlyOf: null);
    private static readonly NodeView _unknown = NodeView.Unregistered(2, new NodeId("node-2"));

    // "ops" reserves 2 of 8 VCPU and brings a class of its own, which is in use; "cyborg" has a trait and a label.
    private static readonly NodeView _node = Owned().View;

    private static readonly Dictionary<string, (Func<Decision> Ask, RefusalKind Expected, string Field)> _rows = new(StringComparer.Ordinal)
    {
        ["no such node"] = (() => FieldRules.Update(_unknown, Reserve("ops", 1), default, 7), RefusalKind.NodeNotFound, ""),
        ["stale"] = (() => FieldRules.Update(_node, Reserve("cyborg", 1), default, 1), RefusalKind.StaleGeneration, ""),
        ["an agent, of what another caller set"] =
            (() => FieldRules.Update(_node, Reserve("ops", 100), new FieldRights(true, "agent"), null), RefusalKind.FieldOwned, "owner"),
        ["a field of another owner"] = (() => FieldRules.Update(_node, Reserve("cyborg", 100), default, null), RefusalKind.FieldOwned, "inventories[VCPU].reserved"),
        ["a label of another owner"] = (() => FieldRules.Update(_node, Label("nova", "rack", "r2"), default, null), RefusalKind.FieldOwned, "labels[rack]"),
        ["by force, an agent, of what another caller set"] =
            (() => FieldRules.Update(_node, Reserve("agent", 1), new FieldRights(true, "agent"), null), RefusalKind.FieldOwned, "inventories[VCPU].reserved"),
        ["more reserved than there is"] = (() => FieldRules.Update(_node, Reserve("ops", 9), default, null), RefusalKind.OutcomeInvalid, "inventories[VCPU].reserved"),
        ["a total below what another reserves"] =
            (() => FieldRules.Update(_node, Set("nova", ResourceClass.Vcpu, InventoryFields.None with { Total = 1 }), default, null), RefusalKind.OutcomeInvalid, "inventories[VCPU].total"),
        ["units that cross those of the report"] =
            (() => FieldRules.Update(_node, Set("nova", ResourceClass.MemoryMb, InventoryFields.None with { MinUnit = 2000 }), default, null), RefusalKind.OutcomeInvalid, "inventories[MEMORY_MB].min_unit"),
        ["a class that is not there, without a total"] =
            (() => FieldRules.Update(_node, Set("nova", ResourceClass.DiskGb, InventoryFields.None with { Reserved = 0 }), default, null), RefusalKind.OutcomeInvalid, "inventories[DISK_GB].reserved"),
        ["too many labels"] = (() => FieldRules.Update(_node, Labels("nova", NodeSpec.LabelsMax), default, null), RefusalKind.OutcomeInvalid, "labels"),
        ["letting go of a class in use"] = (() => FieldRules.Update(_node, Reserve("ops", 2), default, null), RefusalKind.InventoryInUse, ""),
    };

    public static TheoryData<string> Rows => [.. _rows.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_first_guard_in_order_refuses_and_nothing_is_decided(string row)
    {
        var decision = _rows[row].Ask();

        Assert.Equal(_rows[row].Expected, decision.Refusal?.Kind);
        Assert.Empty(decision.Changes);
        if (_rows[row].Field.Length > 0)
            Assert.Contains(KeyValuePair.Create("field", _rows[row].Field), decision.Refusal!.Metadata);
    }

    [Fact]
    public void The_node_counts_with_what_owners_set_and_its_report_is_kept()
    {
        Assert.Equal((6L, 2L), (_node.FreeAt(_node.Spec.Inventories.IndexOf(ResourceClass.Vcpu)), _node.Spec.Inventories[_node.Spec.Inventories.IndexOf(ResourceClass.Vcpu)].Reserved));
        Assert.Equal(3, _node.FreeAt(_node.Spec.Inventories.IndexOf(_license)));
        Assert.Equal("r1", _node.Spec.LabelOf("rack"));
        Assert.Equal(["CUSTOM_FPGA", "CUSTOM_FAST"], _node.Spec.Owners.SelectMany(owner => owner.Traits));
        Assert.True(_node.Spec.HasTrait("CUSTOM_FPGA"));
        Assert.Equal(Report(), _node.Spec.Reported);
        Assert.Equal(1, _node.SpecGeneration);
    }

    [Fact]
    public void The_same_again_changes_nothing_whoever_says_it_when()
    {
        var same = _node.Spec.Owners[0] with { Actor = "other", Time = Sample.LeaseEnd };

        Assert.Equal(Decision.Unchanged, FieldRules.Update(_node, same, default, null));
        Assert.Equal(Decision.Unchanged, FieldRules.Update(_node, Empty("nobody"), default, _node.Generation));
    }

    [Fact]
    public void A_report_keeps_what_owners_set_and_its_own_value_comes_back_when_they_let_go()
    {
        var node = Owned();
        node.Decide(view => NodeRules.Register(view, Report() with { Labels = [KeyValuePair.Create("rack", "reported")] }, null, Sample.Now));
        Assert.Equal("r1", node.View.Spec.LabelOf("rack"));
        Assert.Equal(Decision.Unchanged, NodeRules.Register(node.View, node.View.Spec.Reported, null, Sample.Now));

        node.Decide(view => FieldRules.Update(view, Empty("cyborg"), default, null));

        Assert.Equal("reported", node.View.Spec.LabelOf("rack"));
        Assert.False(node.View.Spec.HasTrait("CUSTOM_FPGA"));
        Assert.Equal(["ops"], node.View.Spec.Owners.Select(owner => owner.Owner));
    }

    [Fact]
    public void What_a_report_makes_impossible_is_limited_until_it_is_possible_again()
    {
        var node = Owned();
        node.Decide(view => FieldRules.Update(view, Set("nova", ResourceClass.MemoryMb, new InventoryFields(null, null, 2, 512, null, null)), default, null));
        var before = node.View.Spec;

        var less = Sample.Spec(Sample.NodeName, (ResourceClass.Vcpu, Sample.Inventory(1)));
        node.Decide(view => NodeRules.Register(view, less, null, Sample.Now));

        Assert.Equal(["CUSTOM_LICENSE:4/0", "VCPU:1/1"], node.View.Spec.Inventories.Classes.ToArray()
            .Select((name, i) => $"{name}:{node.View.Spec.Inventories[i].Total}/{node.View.Spec.Inventories[i].Reserved}"));
        Assert.Equal(
            ["inventories[MEMORY_MB].allocation_ratio", "inventories[MEMORY_MB].min_unit", "inventories[VCPU].reserved"],
            FieldOverlay.Limits(less, node.View.Spec.Owners).SelectMany(limit => InventoryFieldNames.Of(limit.Class, limit.Limited)).Order());
        // What it repeats is not held against it, nor what it lets go of.
        node.Decide(view => FieldRules.Update(view, view.Spec.Owners[2] with { Traits = ["CUSTOM_MORE"] }, default, null));
        node.Decide(view => FieldRules.Update(view, view.Spec.Owners[2] with { Inventories = [], Traits = [] }, default, null));

        node.Decide(view => NodeRules.Register(view, Report(), null, Sample.Now));
        Assert.Equal(before.Inventories[before.Inventories.IndexOf(ResourceClass.Vcpu)], node.View.Spec.Inventories[node.View.Spec.Inventories.IndexOf(ResourceClass.Vcpu)]);
        Assert.Empty(FieldOverlay.Limits(Report(), node.View.Spec.Owners));
    }

    [Fact]
    public void By_force_a_field_changes_its_owner_and_the_rest_stays()
    {
        var node = Owned();
        node.Decide(view => FieldRules.Update(view, Reserve("nova", 4), _force, null));

        Assert.Equal(["cyborg", "nova", "ops"], node.View.Spec.Owners.Select(owner => owner.Owner));
        Assert.Equal(InventoryField.None, node.View.Spec.Owners[2].Of(ResourceClass.Vcpu).Set);
        Assert.Equal(4, node.View.Spec.Inventories[node.View.Spec.Inventories.IndexOf(ResourceClass.Vcpu)].Reserved);

        node.Decide(view => FieldRules.Update(view, Label("nova", "rack", "r2") with { Traits = ["CUSTOM_FPGA"] }, _force, null));
        Assert.Equal("CUSTOM_FPGA", Assert.Single(node.View.Spec.Owners[0].Traits));
    }

    [Fact]
    public void A_max_unit_that_is_all_of_the_total_follows_the_total()
    {
        var node = DrivenNode.Registered(Sample.Spec(Sample.NodeName, (ResourceClass.Vcpu, Sample.Inventory(8, maxUnit: 8)), (ResourceClass.MemoryMb, Sample.Inventory(8, maxUnit: 4))));
        var totals = Set("ops", ResourceClass.Vcpu, InventoryFields.None with { Total = 16 });
        totals = totals with { Inventories = [KeyValuePair.Create(ResourceClass.MemoryMb, InventoryFields.None with { Total = 16 }), .. totals.Inventories] };
        node.Decide(view => FieldRules.Update(view, totals, default, null));

        Assert.Equal([4, 16], Enumerable.Range(0, 2).Select(i => node.View.Spec.Inventories[i].MaxUnit));
    }

    [Fact]
    public void There_are_at_most_sixteen_owners()
    {
        var node = DrivenNode.Registered();
        for (var i = 0; i < FieldRules.OwnersMax; i++)
            Assert.Null(node.Decide(view => FieldRules.Update(view, Label($"owner-{i}", $"key-{i}", ""), default, null)).Refusal);

        Assert.Equal(RefusalKind.OutcomeInvalid, FieldRules.Update(node.View, Label("one-more", "key", ""), default, null).Refusal?.Kind);
        Assert.Null(FieldRules.Update(node.View, Label("owner-3", "key", ""), default, null).Refusal);
    }

    [Fact]
    public void A_node_that_comes_back_has_no_owners()
    {
        var node = Owned();
        node.Decide(view => NodeRules.Delete(view, force: true, "", null, Sample.Now));
        node.Decide(view => NodeRules.Register(view, Report(), null, Sample.Now));

        Assert.Equal(Report(), node.View.Spec);
    }

    private static DrivenNode Owned()
    {
        var node = DrivenNode.Registered(Report());
        var ops = Reserve("ops", 2);
        ops = ops with { Inventories = [KeyValuePair.Create(_license, InventoryFields.None with { Total = 4 }), .. ops.Inventories], Traits = ["CUSTOM_FAST"] };
        node.Decide(view => FieldRules.Update(view, ops, default, null));
        node.Decide(view => FieldRules.Update(view, Label("cyborg", "rack", "r1") with { Traits = ["CUSTOM_FPGA"] }, default, null));
        node.Claim("licensed", Sample.Amounts((_license, 1)));
        return node;
    }

    private static NodeSpec Report() => Sample.Spec(
        Sample.NodeName, (ResourceClass.Vcpu, Sample.Inventory(8, maxUnit: 8)), (ResourceClass.MemoryMb, Sample.Inventory(16_384, maxUnit: 1024)));

    private static OwnedFields Empty(string owner) => new(owner, "operator", Sample.Now, [], [], []);

    private static OwnedFields Set(string owner, ResourceClass resourceClass, InventoryFields fields) =>
        Empty(owner) with { Inventories = [KeyValuePair.Create(resourceClass, fields)] };

    private static OwnedFields Reserve(string owner, long vcpus) => Set(owner, ResourceClass.Vcpu, InventoryFields.None with { Reserved = vcpus });

    private static OwnedFields Label(string owner, string key, string value) => Empty(owner) with { Labels = [KeyValuePair.Create(key, value)] };

    private static OwnedFields Labels(string owner, int count) =>
        Empty(owner) with { Labels = ValueList.From(Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"key-{i:d3}", ""))) };
}
