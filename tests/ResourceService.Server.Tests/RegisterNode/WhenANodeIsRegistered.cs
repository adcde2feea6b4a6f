namespace ResourceService.Server.Tests.RegisterNode;

public sealed class WhenANodeIsRegistered(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task It_is_enabled_and_shows_capacity_by_placements_rule()
    {
        var request = Requests.Node();
        request.Inventories["VCPU"] = new Inventory { Total = 11, Reserved = 2, AllocationRatio = 1.5, MinUnit = 2, MaxUnit = 6, StepSize = 2 };
        request.Traits.Add(["HW_CPU_X86_AVX2", "CUSTOM_FAST"]);
        request.Labels.Add("zone", "a");

        var node = (await Nodes.RegisterNodeAsync(request)).Node;

        Assert.Equal(NodeState.Enabled, node.State);
        Assert.Equal(1, node.Generation);
        Assert.Equal(new ClassUsage { Capacity = 13, Used = 0, Free = 13 }, node.Usage["VCPU"]);
        Assert.Equal(request.Inventories["VCPU"], node.Inventories["VCPU"]);
        Assert.Equal(["CUSTOM_FAST", "HW_CPU_X86_AVX2"], node.Traits);
        Assert.Equal("a", node.Labels["zone"]);
        Assert.Equal(node, await GetAsync(request.NodeId));
        Assert.Equal([EventKind.NodeRegistered], (await EventsAsync(request.NodeId)).Select(item => item.Kind));
    }

    [Fact]
    public async Task The_same_content_again_does_not_raise_the_generation()
    {
        var request = Requests.Node();
        request.Traits.Add(["A", "B"]);
        var first = (await Nodes.RegisterNodeAsync(request)).Node;
        var reordered = request.Clone();
        reordered.Traits.Clear();
        reordered.Traits.Add(["B", "A", "B"]);

        Assert.Equal(first, (await Nodes.RegisterNodeAsync(reordered)).Node);
        Assert.Single(await EventsAsync(request.NodeId));
    }

    [Fact]
    public async Task The_same_host_in_another_order_does_not_raise_the_generation()
    {
        var request = Requests.Node();
        request.NumaTopology = new NumaTopology
        {
            Cells =
            {
                new NumaCell
                {
                    CellId = 0,
                    DedicatedCpus = { 0, 1, 2, 3 },
                    ThreadSiblings = { new CpuSet { Cpus = { 0, 2 } }, new CpuSet { Cpus = { 1, 3 } } },
                    MemoryMb = 1024,
                    PagePools = { new PagePool { SizeKb = 4, Total = 1000 }, new PagePool { SizeKb = 2048, Total = 10 } },
                },
                new NumaCell { CellId = 1, SharedCpus = { 8 }, MemoryMb = 1024 },
            },
        };
        request.Devices.Add(
        [
            new Device { Address = "0000:3b:00.0", VendorId = "10de", ProductId = "20b5", Type = DeviceType.Pci, Tags = { ["a"] = "1", ["b"] = "2" } },
            new Device { Address = "0000:af:00.0", VendorId = "10de", ProductId = "20b5", Type = DeviceType.Pci },
            new Device { Address = "10000:01:00.0", VendorId = "144d", ProductId = "a80a", Type = DeviceType.Pci },
        ]);
        request.Labels.Add("zone", "a");
        request.Labels.Add("rack", "7");
        var first = (await Nodes.RegisterNodeAsync(request)).Node;

        var other = request.Clone();
        Reverse(other.NumaTopology.Cells);
        Reverse(other.NumaTopology.Cells[1].PagePools);
        Reverse(other.NumaTopology.Cells[1].ThreadSiblings);
        Reverse(other.NumaTopology.Cells[1].ThreadSiblings[0].Cpus);
        Reverse(other.NumaTopology.Cells[1].DedicatedCpus);
        Reverse(other.Devices);
        other.Devices[2].VendorId = "10DE";
        other.Devices[2].Tags.Clear();
        other.Devices[2].Tags.Add("b", "2");
        other.Devices[2].Tags.Add("a", "1");
        other.Labels.Clear();
        other.Labels.Add("rack", "7");
        other.Labels.Add("zone", "a");

        Assert.Equal(first, (await Nodes.RegisterNodeAsync(other)).Node);
        Assert.Equal(request.NumaTopology, first.NumaTopology);
        Assert.Equal(request.Devices.Select(device => device.Address), first.Devices.Select(device => device.Address));
        Assert.Single(await EventsAsync(request.NodeId));

        static void Reverse<T>(Google.Protobuf.Collections.RepeatedField<T> list)
        {
            T[] reversed = [.. list.Reverse()];
            list.Clear();
            list.Add(reversed);
        }
    }

    [Fact]
    public async Task Other_content_replaces_all_and_leaves_claims_and_state_alone()
    {
        var request = Requests.Node();
        request.Labels.Add("zone", "a");
        await Nodes.RegisterNodeAsync(request);
        var claim = await ClaimAsync(request.NodeId, vcpus: 2);
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = request.NodeId, State = NodeState.Draining });

        var changed = Requests.Node(request.NodeId, vcpus: 16);
        changed.Inventories["DISK_GB"] = new Inventory { Total = 100 };
        var node = (await Nodes.RegisterNodeAsync(changed)).Node;

        Assert.Equal(["DISK_GB", "MEMORY_MB", "VCPU"], node.Inventories.Keys.Order());
        Assert.Empty(node.Labels);
        Assert.Equal(new ClassUsage { Capacity = 16, Used = 2, Free = 14 }, node.Usage["VCPU"]);
        Assert.Equal(NodeState.Draining, node.State);
        Assert.Equal(4, node.Generation);
        Assert.Equal(ClaimState.Held, (await GetClaimAsync(claim.ClaimId)).State);
        Assert.Equal(EventKind.NodeUpdated, (await EventsAsync(request.NodeId))[^1].Kind);
    }

    [Fact]
    public async Task A_class_in_use_cannot_vanish_and_nothing_changes()
    {
        var node = await RegisterAsync();
        await ClaimAsync(node.NodeId);
        var before = await GetAsync(node.NodeId);
        var withoutMemory = Requests.Node(node.NodeId);
        withoutMemory.Inventories.Remove("MEMORY_MB");

        var error = await Expect.ErrorAsync(Nodes.RegisterNodeAsync(withoutMemory), StatusCode.FailedPrecondition, "INVENTORY_IN_USE");

        Assert.Equal("MEMORY_MB", error.Metadata["resource_class"]);
        Assert.Equal(before, await GetAsync(node.NodeId));
    }

    [Fact]
    public async Task Shrinking_below_use_is_legal_evicts_nothing_and_refuses_increases()
    {
        var node = await RegisterAsync(vcpus: 8);
        var claim = await ClaimAsync(node.NodeId, vcpus: 6);

        var shrunk = (await Nodes.RegisterNodeAsync(Requests.Node(node.NodeId, vcpus: 4))).Node;

        Assert.Equal(new ClassUsage { Capacity = 4, Used = 6, Free = -2 }, shrunk.Usage["VCPU"]);
        var error = await Expect.ErrorAsync(
            Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId)), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        var dimension = Assert.Single(Assert.Single(error.Refusals).Dimensions);
        Assert.Equal((RefusalReason.CapacityExceeded, "VCPU", 1, -2, 4),
            (dimension.Reason, dimension.ResourceClass, dimension.Requested, dimension.Available, dimension.Capacity));

        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });
        await ClaimAsync(node.NodeId, vcpus: 4);
        Assert.Equal(4, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task A_stale_generation_is_refused_and_the_right_one_is_taken()
    {
        var node = await RegisterAsync();
        var changed = Requests.Node(node.NodeId, vcpus: 9);
        changed.ExpectedGeneration = node.Generation + 1;

        var error = await Expect.ErrorAsync(Nodes.RegisterNodeAsync(changed), StatusCode.Aborted, "STALE_GENERATION");
        Assert.Equal("1", error.Metadata["generation"]);

        changed.ExpectedGeneration = node.Generation;
        Assert.Equal(2, (await Nodes.RegisterNodeAsync(changed)).Node.Generation);
    }

    [Fact]
    public async Task Expected_generation_0_means_that_it_must_not_exist()
    {
        var request = Requests.Node();
        request.ExpectedGeneration = 0;
        await Nodes.RegisterNodeAsync(request);
        await Expect.ErrorAsync(Nodes.RegisterNodeAsync(request), StatusCode.Aborted, "STALE_GENERATION");

        await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = request.NodeId });
        var again = (await Nodes.RegisterNodeAsync(request)).Node;

        Assert.True(again.Generation > 2, "the generation of a node that comes back goes on");
        Assert.Equal(NodeState.Enabled, again.State);
    }

    [Fact]
    public async Task A_node_that_comes_back_begins_without_the_audit_and_the_failures_of_its_earlier_life()
    {
        var node = await RegisterAsync();
        await Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = (await ClaimAsync(node.NodeId)).ClaimId });
        await Audits.AuditNodeAsync(new AuditNodeRequest { NodeId = node.NodeId, ObservedGeneration = 1 });
        var before = await GetAsync(node.NodeId);
        Assert.NotEqual("", before.LastAuditId);
        Assert.Equal(1, before.Statistics.FailedBuildCount);
        await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId });

        var after = (await Nodes.RegisterNodeAsync(Requests.Node(node.NodeId))).Node;

        Assert.Equal(("", 0), (after.LastAuditId, after.Statistics.FailedBuildCount));
        Assert.Null(after.LastAuditTime);
        Assert.Empty((await Audits.VerifyLedgerAsync(new VerifyLedgerRequest { NodeId = node.NodeId })).Differences);
    }

    [Fact]
    public async Task Addresses_of_devices_have_one_writing_whatever_the_agent_writes()
    {
        var request = Requests.Node();
        request.Devices.Add(
        [
            new Device { Address = "00000000:3B:00.0", VendorId = "8086", ProductId = "1572", Type = DeviceType.Pf },
            new Device { Address = "0000:3B:02.1", VendorId = "8086", ProductId = "154c", Type = DeviceType.Vf, ParentAddress = "0000:3b:00.0" },
            new Device { Address = "1000A:00:1F.7", VendorId = "8086", ProductId = "154c", Type = DeviceType.Pci },
        ]);
        var node = (await Nodes.RegisterNodeAsync(request)).Node;

        Assert.Equal(
            [("0000:3b:00.0", ""), ("0000:3b:02.1", "0000:3b:00.0"), ("1000a:00:1f.7", "")],
            node.Devices.Select(device => (device.Address, device.ParentAddress)));
        var same = request.Clone();
        (same.Devices[0].Address, same.Devices[1].ParentAddress) = ("0000:3b:00.0", "000000:3B:00.0");
        Assert.Equal(node, (await Nodes.RegisterNodeAsync(same)).Node);

        same.Devices[1].Address = "00000:3B:00.0";
        var error = await Expect.ErrorAsync(Nodes.RegisterNodeAsync(same), StatusCode.InvalidArgument, "INVALID_FIELD");
        Assert.Equal(("devices", "has address 00000:3B:00.0 twice"), (error.Violations[0].Field, error.Violations[0].Description));
    }

    [Fact]
    public async Task An_unknown_node_is_not_found()
    {
        var error = await Expect.ErrorAsync(
            Nodes.GetNodeAsync(new GetNodeRequest { NodeId = "never-registered" }), StatusCode.NotFound, "NODE_NOT_FOUND");
        Assert.Equal("never-registered", error.Metadata["node_id"]);
    }

    [Fact]
    public async Task Numa_topology_and_devices_come_back_as_they_were_reported()
    {
        var request = Requests.Node();
        request.NumaTopology = new NumaTopology
        {
            Cells =
            {
                new NumaCell
                {
                    CellId = 0, Socket = 0, SharedCpus = { 0, 1 }, DedicatedCpus = { 2, 3 }, MemoryMb = 1024,
                    ThreadSiblings = { new CpuSet { Cpus = { 2, 3 } } },
                    PagePools = { new PagePool { SizeKb = 4, Total = 1000, Reserved = 10 }, new PagePool { SizeKb = 2048, Total = 64 } },
                },
                new NumaCell { CellId = 1, SharedCpus = { 4 }, MemoryMb = 2048 },
            },
        };
        request.Devices.Add(
        [
            new Device { Address = "0000:3b:00.0", VendorId = "8086", ProductId = "158b", Type = DeviceType.Pf, NumaCellId = 1 },
            new Device
            {
                Address = "0000:3b:02.1", VendorId = "8086", ProductId = "154c", Type = DeviceType.Vf, ParentAddress = "0000:3b:00.0",
                Tags = { ["physical_network"] = "net1" },
            },
        ]);

        var registered = (await Nodes.RegisterNodeAsync(request)).Node;

        Assert.Equal(request.NumaTopology, registered.NumaTopology);
        Assert.Equal(request.Devices.Select(device => device.Address), registered.Devices.Select(device => device.Address));
        Assert.Equal("net1", registered.Devices[1].Tags["physical_network"]);
        Assert.Equal(registered, await GetAsync(request.NodeId));
        Assert.Equal(1, (await Nodes.RegisterNodeAsync(request)).Node.Generation);
    }
}
