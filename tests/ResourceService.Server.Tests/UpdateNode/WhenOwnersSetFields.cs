namespace ResourceService.Server.Tests.UpdateNode;

public sealed class WhenOwnersSetFields(SharedService service) : AuditTest(service)
{
    [Fact]
    public async Task They_survive_the_agents_report_and_the_report_comes_back_when_they_let_go()
    {
        var report = Requests.Node();
        report.Labels.Add("rack", "unknown");
        await Nodes.RegisterNodeAsync(report);
        var update = Ops(report.NodeId);

        var node = (await Nodes.UpdateNodeAsync(update)).Node;

        Assert.Equal(node, await GetAsync(report.NodeId));
        Assert.Equal(new Inventory { Total = 8, Reserved = 2, AllocationRatio = 4, MinUnit = 1, MaxUnit = 8, StepSize = 1 }, node.Inventories["VCPU"]);
        Assert.Equal((24, 5), (node.Usage["VCPU"].Free, node.Usage["CUSTOM_LICENSE"].Free));
        Assert.Equal("r7", node.Labels["rack"]);
        Assert.Equal(["CUSTOM_GOLD"], node.Traits);
        var owner = Assert.Single(node.FieldOwners);
        Assert.Equal(("ops", "anonymous", node.UpdateTime), (owner.Owner, owner.Actor, owner.UpdateTime));
        Assert.Equal((update.Inventories, update.Traits, update.Labels), (owner.Inventories, owner.Traits, owner.Labels));
        Assert.Empty(owner.LimitedFields);

        // The agent starts again, and reports what it always did: nothing changes.
        Assert.Equal(node, (await Nodes.RegisterNodeAsync(report)).Node);
        report.Inventories["VCPU"].Total = 16;
        Assert.Equal(56, (await Nodes.RegisterNodeAsync(report)).Node.Usage["VCPU"].Free);

        var released = (await Nodes.UpdateNodeAsync(new UpdateNodeRequest { NodeId = report.NodeId, Owner = "ops" })).Node;

        Assert.Empty(released.FieldOwners);
        Assert.Equal(["MEMORY_MB", "VCPU"], released.Usage.Keys.Order());
        Assert.Equal((16, "unknown", 0), (released.Usage["VCPU"].Free, released.Labels["rack"], released.Traits.Count));
    }

    [Fact]
    public async Task The_same_again_raises_no_generation_and_a_retry_gets_the_first_answer()
    {
        var node = await RegisterAsync();
        var update = Ops(node.NodeId);
        update.RequestId = Unique.RequestId();
        var first = await Nodes.UpdateNodeAsync(update);

        Assert.Equal(first, await Nodes.UpdateNodeAsync(Ops(node.NodeId)));
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = node.NodeId, State = NodeState.Draining });
        Assert.Equal(first, await Nodes.UpdateNodeAsync(update));
        Assert.Equal(2, first.Node.Generation);
    }

    [Fact]
    public async Task Claims_and_searches_go_by_what_owners_set()
    {
        var (zone, nodes) = await RegisterZoneAsync(8);
        await Nodes.UpdateNodeAsync(Ops(nodes[0].NodeId));

        var claim = Requests.ClaimAmong(zone, vcpus: 8);
        claim.Resources.RequiredTraits.Add("CUSTOM_GOLD");
        Assert.Equal(nodes[0].NodeId, (await Claims.ClaimInstanceAsync(claim)).Claim.NodeId);
        var second = Requests.ClaimAmong(zone, vcpus: 8);
        Assert.Equal(nodes[0].NodeId, (await Claims.ClaimInstanceAsync(second)).Claim.NodeId);

        // Below its use: nothing is evicted, the next is refused.
        await Nodes.UpdateNodeAsync(new UpdateNodeRequest { NodeId = nodes[0].NodeId, Owner = "ops" });
        Assert.Equal(-8, (await GetAsync(nodes[0].NodeId)).Usage["VCPU"].Free);
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(Requests.ClaimAmong(zone)), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");
    }

    [Fact]
    public async Task Another_owner_is_named_unless_it_is_taken_over_by_force()
    {
        var node = await RegisterAsync();
        await Nodes.UpdateNodeAsync(Ops(node.NodeId));
        var other = new UpdateNodeRequest
        {
            NodeId = node.NodeId,
            Owner = "cyborg",
            Traits = { "CUSTOM_GOLD" },
            Inventories = { ["VCPU"] = new InventoryFields { AllocationRatio = 2 }, ["CUSTOM_FPGA"] = new InventoryFields { Total = 1 } },
        };

        var error = await Expect.ErrorAsync(Nodes.UpdateNodeAsync(other), StatusCode.FailedPrecondition, "FIELD_OWNED");

        Assert.Equal(("inventories[VCPU].allocation_ratio", "ops"), (error.Metadata["field"], error.Metadata["owner"]));
        Assert.Equal(2, (await GetAsync(node.NodeId)).Generation);

        other.Force = true;
        var after = (await Nodes.UpdateNodeAsync(other)).Node;
        Assert.Equal(["cyborg", "ops"], after.FieldOwners.Select(owner => owner.Owner));
        Assert.Equal(new InventoryFields { Reserved = 2 }, after.FieldOwners[1].Inventories["VCPU"]);
        Assert.Equal(12, after.Usage["VCPU"].Capacity);
    }

    [Fact]
    public async Task What_breaks_a_rule_of_the_node_is_refused_and_named()
    {
        var node = await RegisterAsync();
        var update = new UpdateNodeRequest { NodeId = node.NodeId, Owner = "ops", Inventories = { ["VCPU"] = new InventoryFields { Reserved = 9 } } };

        var error = await Expect.ErrorAsync(Nodes.UpdateNodeAsync(update), StatusCode.FailedPrecondition, "OUTCOME_INVALID");
        Assert.Equal("inventories[VCPU].reserved", error.Metadata["field"]);

        await Nodes.UpdateNodeAsync(Ops(node.NodeId));
        var claim = Requests.Claim(node.NodeId);
        claim.Resources.Resources["CUSTOM_LICENSE"] = 1;
        await Claims.ClaimInstanceAsync(claim);
        var letGo = new UpdateNodeRequest { NodeId = node.NodeId, Owner = "ops" };
        error = await Expect.ErrorAsync(Nodes.UpdateNodeAsync(letGo), StatusCode.FailedPrecondition, "INVENTORY_IN_USE");
        Assert.Equal("CUSTOM_LICENSE", error.Metadata["resource_class"]);

        letGo.ExpectedGeneration = 1;
        await Expect.ErrorAsync(Nodes.UpdateNodeAsync(letGo), StatusCode.Aborted, "STALE_GENERATION");
        letGo.NodeId = Unique.Id("nowhere");
        await Expect.ErrorAsync(Nodes.UpdateNodeAsync(letGo), StatusCode.NotFound, "NODE_NOT_FOUND");
    }

    [Fact]
    public async Task A_report_never_fails_for_an_owner_and_what_it_limits_is_shown()
    {
        var report = Requests.Node();
        await Nodes.RegisterNodeAsync(report);
        await Nodes.UpdateNodeAsync(Ops(report.NodeId));

        report.Inventories["VCPU"].Total = 1;
        var node = (await Nodes.RegisterNodeAsync(report)).Node;

        Assert.Equal((1, 1, 0), (node.Inventories["VCPU"].Total, node.Inventories["VCPU"].Reserved, node.Usage["VCPU"].Capacity));
        Assert.Equal(["inventories[VCPU].reserved"], node.FieldOwners[0].LimitedFields);
        Assert.Equal(2, node.FieldOwners[0].Inventories["VCPU"].Reserved);

        report.Inventories["VCPU"].Total = 8;
        Assert.Empty((await Nodes.RegisterNodeAsync(report)).Node.FieldOwners[0].LimitedFields);
    }

    [Fact]
    public async Task An_audit_compares_the_host_with_its_report_and_heals_that()
    {
        var request = Requests.Node();
        var node = (await Nodes.RegisterNodeAsync(request)).Node;
        await LivingAsync(node.NodeId);
        await Nodes.UpdateNodeAsync(Ops(node.NodeId));
        var report = await ReportAsync(node.NodeId);
        report.Inventories.Clear();
        report.Inventories.Add(request.Inventories);

        Assert.Equal(0, (await AuditAsync(report)).DriftCount);

        report.Inventories["VCPU"] = new Inventory { Total = 4 };
        report.RequestId = Unique.RequestId();
        var audit = await AuditAsync(report);

        Assert.Equal([(DriftKind.InventoryChanged, DriftAction.InventoryUpdated)], Summary(audit));
        var healed = await GetAsync(node.NodeId);
        Assert.Equal((4, 2, 8), (healed.Inventories["VCPU"].Total, healed.Inventories["VCPU"].Reserved, healed.Usage["VCPU"].Capacity));
        Assert.Equal(5, healed.Usage["CUSTOM_LICENSE"].Capacity);
    }

    [Fact]
    public async Task Each_change_is_an_event_with_what_those_concerned_set_before_and_after()
    {
        var node = await RegisterAsync();
        var first = Ops(node.NodeId);
        await Nodes.UpdateNodeAsync(first);
        await Nodes.UpdateNodeAsync(new UpdateNodeRequest { NodeId = node.NodeId, Owner = "cyborg", Traits = { "CUSTOM_FPGA" } });
        var taken = new UpdateNodeRequest { NodeId = node.NodeId, Owner = "nova", Labels = { ["rack"] = "r8" }, Force = true };
        await Nodes.UpdateNodeAsync(taken);

        var events = (await EventsAsync(node.NodeId)).Where(item => item.Kind == EventKind.NodeFieldsChanged).ToList();

        Assert.Equal([(0, 1), (0, 1), (1, 2)], events.Select(item => (item.Before.FieldOwners.Count, item.After.FieldOwners.Count)));
        Assert.Equal((8, 8), (events[0].Before.Inventories["VCPU"].MaxUnit, events[0].After.Inventories["VCPU"].MaxUnit));
        Assert.Equal((0, 2), (events[0].Before.Inventories["VCPU"].Reserved, events[0].After.Inventories["VCPU"].Reserved));
        Assert.Equal("r7", events[2].Before.FieldOwners[0].Labels["rack"]);
        Assert.Equal(["nova", "ops"], events[2].After.FieldOwners.Select(owner => owner.Owner));
        Assert.Empty(events[2].After.FieldOwners[1].Labels);
    }

    [Fact]
    public async Task They_end_with_the_node()
    {
        var report = Requests.Node();
        await Nodes.RegisterNodeAsync(report);
        await Nodes.UpdateNodeAsync(Ops(report.NodeId));
        await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = report.NodeId });

        var node = (await Nodes.RegisterNodeAsync(report)).Node;

        Assert.Empty(node.FieldOwners);
        Assert.Equal(8, node.Usage["VCPU"].Capacity);
    }

    private static UpdateNodeRequest Ops(string nodeId) => new()
    {
        NodeId = nodeId,
        Owner = "ops",
        Inventories =
        {
            ["VCPU"] = new InventoryFields { Reserved = 2, AllocationRatio = 4 },
            ["CUSTOM_LICENSE"] = new InventoryFields { Total = 5 },
        },
        Traits = { "CUSTOM_GOLD" },
        Labels = { ["rack"] = "r7" },
    };
}
