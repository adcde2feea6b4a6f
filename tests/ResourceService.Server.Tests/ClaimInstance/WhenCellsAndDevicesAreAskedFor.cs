namespace ResourceService.Server.Tests.ClaimInstance;

/// <summary>NUMA cells, pinned CPUs, pages and devices: what a claim is given, who else may have it, and what is told when it does not fit.</summary>
public sealed class WhenCellsAndDevicesAreAskedFor(SharedService service) : ServiceTest(service)
{
    private const string Pf = "0000:3b:00.0";
    private const string Gpu = "0000:af:00.0";

    [Fact]
    public async Task The_claim_tells_its_cells_cpus_pages_and_devices_and_the_node_shows_their_owner()
    {
        var node = await RegisterHostAsync();

        var claim = (await Claims.ClaimInstanceAsync(PinnedClaim(node, device: "154c"))).Claim;

        var cell = Assert.Single(claim.NumaCells);
        Assert.Equal((0, 2048, 512), (cell.HostCellId, cell.PageSizeKb, cell.MemoryMb));
        Assert.Equal([0, 1], cell.Pinning.Keys.Order());
        Assert.Equal([2, 3], cell.Pinning.Values.Order());
        var device = Assert.Single(claim.Devices);
        Assert.Equal(("nic", "0000:3b:02.1"), (device.RequestName, device.Address));
        Assert.Equal(claim, await GetClaimAsync(claim.ClaimId));

        var shown = await GetAsync(node);
        Assert.Equal([2, 3], shown.NumaUsage[0].PinnedCpus);
        Assert.Equal((512L, 256L), (shown.NumaUsage[0].MemoryUsedMb, shown.NumaUsage[0].PagesUsed[2048]));
        var owned = Assert.Single(shown.Devices, item => item.State == DeviceState.Claimed);
        Assert.Equal((device.Address, claim.ClaimId, claim.Instance.InstanceId), (owned.Address, owned.ClaimId, owned.InstanceId));
        Assert.Equal([Pf], shown.Devices.Where(item => item.State == DeviceState.Blocked).Select(item => item.Address));
    }

    [Fact]
    public async Task Everything_is_free_again_after_the_release()
    {
        var node = await RegisterHostAsync();
        var before = await GetAsync(node);
        var claim = (await Claims.ClaimInstanceAsync(PinnedClaim(node, device: "154c"))).Claim;

        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });

        var after = await GetAsync(node);
        Assert.Equal(before.NumaUsage, after.NumaUsage);
        Assert.Equal(before.Devices, after.Devices);
    }

    [Fact]
    public async Task The_same_state_and_request_give_the_same_assignment()
    {
        var claims = new List<Claim>();
        for (var i = 0; i < 2; i++)
            claims.Add((await Claims.ClaimInstanceAsync(PinnedClaim(await RegisterHostAsync(), device: "154c"))).Claim);

        Assert.Equal(claims[0].NumaCells, claims[1].NumaCells);
        Assert.Equal(claims[0].Devices, claims[1].Devices);
    }

    [Fact]
    public async Task Cells_are_chosen_with_the_devices_in_mind()
    {
        var node = await RegisterHostAsync();

        // Without a device the first cell is as good as the second; the GPU hangs on the second.
        var claim = (await Claims.ClaimInstanceAsync(PinnedClaim(node, device: "20b0"))).Claim;

        Assert.Equal(1, Assert.Single(claim.NumaCells).HostCellId);
        Assert.Equal(Gpu, Assert.Single(claim.Devices).Address);
    }

    [Fact]
    public async Task A_pf_in_use_blocks_its_vfs_and_is_told()
    {
        var node = await RegisterHostAsync();
        var pf = DeviceClaim(node, new DeviceSpec { ProductId = "1572", Type = DeviceType.Pf });
        await Claims.ClaimInstanceAsync(pf);

        var refused = await Expect.ErrorAsync(
            Claims.ClaimInstanceAsync(DeviceClaim(node, new DeviceSpec { ProductId = "154c" })), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        var dimension = Assert.Single(Assert.Single(refused.Refusals).Dimensions);
        Assert.Equal((RefusalReason.DeviceCountExceeded, "nic", 1L, 0L), (dimension.Reason, dimension.DeviceRequest, dimension.Requested, dimension.Available));
        Assert.Equal(2, (await GetAsync(node)).Devices.Count(item => item.State == DeviceState.Blocked));
    }

    [Fact]
    public async Task A_refusal_names_every_cell_that_lacks_something_and_changes_nothing()
    {
        var node = await RegisterHostAsync();
        var before = await GetAsync(node);
        var request = PinnedClaim(node);
        request.Resources.Numa.Cells[0].DedicatedVcpus.Add([2, 3, 4]);

        var refused = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        var dimensions = Assert.Single(refused.Refusals).Dimensions;
        Assert.Equal([0, 1], dimensions.Select(dimension => dimension.NumaCellId).Order());
        Assert.All(dimensions, dimension => Assert.Equal(
            (RefusalReason.NumaDedicatedCpusExceeded, 0, 5L, 4L, 4L),
            (dimension.Reason, dimension.RequestCellIndex, dimension.Requested, dimension.Available, dimension.Capacity)));
        Assert.Equal(before, await GetAsync(node));
    }

    [Fact]
    public async Task A_node_without_topology_refuses_cells()
    {
        var node = await RegisterAsync();
        var request = PinnedClaim(node.NodeId);
        request.Resources.Resources.Remove("PCPU");

        var refused = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        Assert.Equal(RefusalReason.NumaTopologyMissing, Assert.Single(Assert.Single(refused.Refusals).Dimensions).Reason);
    }

    [Fact]
    public async Task Candidates_validation_and_the_claim_decide_alike()
    {
        var zone = Unique.Id("zone");
        var node = await RegisterHostAsync(zone);
        for (var i = 0; i < 5; i++)
        {
            var request = PinnedClaim(node);
            var candidates = await Nodes.FindCandidatesAsync(
                new FindCandidatesRequest { Resources = request.Resources, Filter = Requests.InZone(zone) });
            var validated = request.Clone();
            validated.ValidateOnly = true;
            if (i == 4)
            {
                // Eight dedicated CPUs are full after four claims of two.
                Assert.Empty(candidates.Candidates);
                Assert.Contains(candidates.Refusals, count => count.Reason == RefusalReason.NumaDedicatedCpusExceeded && count.NodeCount == 1);
                await Expect.ErrorAsync(Claims.ClaimInstanceAsync(validated), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
                await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
                continue;
            }

            Assert.Equal(node, Assert.Single(candidates.Candidates).NodeId);
            var preview = (await Claims.ClaimInstanceAsync(validated)).Claim;
            var claim = (await Claims.ClaimInstanceAsync(request)).Claim;
            Assert.Equal(preview.NumaCells, claim.NumaCells);
        }

        await Expect.SoundLedgerAsync(Clients);
    }

    [Fact]
    public async Task Isolate_on_a_host_that_separates_threads_is_refused_with_the_rule()
    {
        var request = PinnedClaim(await RegisterHostAsync());
        request.Resources.Numa.ThreadPolicy = CpuThreadPolicy.Isolate;

        var error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        const string Rule = "on a host with hardware threads needs dedicated_cpus equal to shared_cpus";
        var refusal = Assert.Single(error.Refusals);
        Assert.All(refusal.Dimensions, dimension => Assert.Equal(RefusalReason.NumaThreadPolicyUnmet, dimension.Reason));
        Assert.All(refusal.Dimensions, dimension => Assert.Contains(Rule, dimension.Detail, StringComparison.Ordinal));
        Assert.Contains(Rule, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_of_128_cells_gives_the_devices_of_its_last_ones()
    {
        var host = new RegisterNodeRequest
        {
            NodeId = Unique.Id("host"),
            NumaTopology = new NumaTopology
            {
                Cells = { Enumerable.Range(0, 128).Select(id => new NumaCell { CellId = id, DedicatedCpus = { id }, MemoryMb = 1024 }) },
            },
            Devices =
            {
                Enumerable.Range(0, 128).SelectMany(id => Enumerable.Range(0, id < 124 ? 2 : 1).Select(i => new Device
                {
                    Address = $"0000:{id:x2}:{i:x2}.0",
                    VendorId = id < 124 ? "144d" : "10de",
                    ProductId = "2331",
                    Type = DeviceType.Pci,
                    NumaCellId = id,
                })),
            },
        };
        await Nodes.RegisterNodeAsync(host);
        var request = Requests.Claim(host.NodeId);
        request.Resources = new ResourceRequest
        {
            Numa = new NumaRequest
            {
                CpuPolicy = CpuPolicy.Dedicated,
                Cells = { Enumerable.Range(0, 4).Select(cpu => new NumaCellRequest { DedicatedVcpus = { cpu }, MemoryMb = 64 }) },
            },
            Devices = { Near("gpu", 4) },
        };
        var tooMany = request.Clone();
        tooMany.RequestId = "";
        tooMany.Instance.InstanceId = Unique.Id("other");
        tooMany.Resources.Devices[0].Count = 5;

        var claim = (await Claims.ClaimInstanceAsync(request)).Claim;
        var error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(tooMany), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        Assert.Equal([124, 125, 126, 127], claim.NumaCells.Select(cell => cell.HostCellId));
        Assert.NotEmpty(Assert.Single(error.Refusals).Dimensions);
    }

    [Fact]
    public async Task Overlapping_device_requests_are_met_whatever_their_order()
    {
        var host = new RegisterNodeRequest
        {
            NodeId = Unique.Id("host"),
            Inventories = { ["VCPU"] = new Inventory { Total = 8 } },
            Devices =
            {
                new Device { Address = "0000:81:00.0", VendorId = "10de", ProductId = "2331", Type = DeviceType.Pci },
                new Device { Address = "0000:82:00.0", VendorId = "10de", ProductId = "20b5", Type = DeviceType.Pci },
            },
        };
        await Nodes.RegisterNodeAsync(host);
        var request = Requests.Claim(host.NodeId);
        request.Resources = new ResourceRequest { Devices = { Near("any", 1), Near("h100", 1) } };
        request.Resources.Devices[1].Alternatives[0].ProductId = "2331";

        var claim = (await Claims.ClaimInstanceAsync(request)).Claim;

        Assert.Equal(
            [("any", "0000:82:00.0"), ("h100", "0000:81:00.0")], claim.Devices.Select(device => (device.RequestName, device.Address)));
    }

    [Theory]
    [InlineData(CpuPolicy.Unspecified, 2, 0)]
    [InlineData(CpuPolicy.Shared, 2, 0)]
    [InlineData(CpuPolicy.Dedicated, 0, 2)]
    [InlineData(CpuPolicy.Mixed, 1, 1)]
    public async Task Each_policy_takes_the_vcpus_that_it_is_for(CpuPolicy policy, int shared, int dedicated)
    {
        var request = PinnedClaim(await RegisterHostAsync());
        request.Resources.Numa.CpuPolicy = policy;
        request.Resources.Numa.Cells.Clear();
        // A cell of each kind: what a policy needs, it needs of the guest and not of every cell.
        if (shared > 0)
            request.Resources.Numa.Cells.Add(new NumaCellRequest { SharedVcpus = { Enumerable.Range(0, shared) }, MemoryMb = 512 });
        if (dedicated > 0)
            request.Resources.Numa.Cells.Add(new NumaCellRequest { DedicatedVcpus = { Enumerable.Range(shared, dedicated) }, MemoryMb = 512 });

        var claim = (await Claims.ClaimInstanceAsync(request)).Claim;

        Assert.Equal((shared, dedicated), (claim.NumaCells.Sum(cell => cell.SharedVcpus.Count), claim.NumaCells.Sum(cell => cell.Pinning.Count)));
    }

    private static DeviceRequest Near(string name, int count) => new()
    {
        Name = name,
        Count = count,
        Alternatives = { new DeviceSpec { VendorId = "10de" } },
        NumaPolicy = DeviceNumaPolicy.Required,
    };

    private async Task<string> RegisterHostAsync(string zone = "none")
    {
        var request = new RegisterNodeRequest
        {
            NodeId = Unique.Id("host"),
            Labels = { ["zone"] = zone },
            Inventories = { ["PCPU"] = new Inventory { Total = 100 }, ["VCPU"] = new Inventory { Total = 100 } },
            NumaTopology = new NumaTopology { Cells = { Cell(0), Cell(1) } },
            Devices =
            {
                new Device { Address = Pf, VendorId = "8086", ProductId = "1572", Type = DeviceType.Pf, NumaCellId = 0 },
                new Device { Address = "0000:3b:02.0", VendorId = "8086", ProductId = "154c", Type = DeviceType.Vf, ParentAddress = Pf, NumaCellId = 0 },
                new Device { Address = "0000:3b:02.1", VendorId = "8086", ProductId = "154c", Type = DeviceType.Vf, ParentAddress = Pf, NumaCellId = 0 },
                new Device { Address = Gpu, VendorId = "10de", ProductId = "20b0", Type = DeviceType.Pci, NumaCellId = 1 },
            },
        };
        return (await Nodes.RegisterNodeAsync(request)).Node.NodeId;
    }

    private static NumaCell Cell(int id) => new()
    {
        CellId = id,
        Socket = id,
        SharedCpus = { Range(id, 0, 2) },
        DedicatedCpus = { Range(id, 2, 4) },
        ThreadSiblings = { new CpuSet { Cpus = { Range(id, 2, 2) } }, new CpuSet { Cpus = { Range(id, 4, 2) } } },
        MemoryMb = 8192,
        PagePools = { new PagePool { SizeKb = 4, Total = 1_048_576 }, new PagePool { SizeKb = 2048, Total = 2048 } },
    };

    // Cell 0 has CPUs 0 to 5, cell 1 has 10 to 15.
    private static IEnumerable<int> Range(int cell, int start, int count) => Enumerable.Range((cell * 10) + start, count);

    private static ClaimInstanceRequest PinnedClaim(string node, string? device = null)
    {
        var request = Requests.Claim(node);
        request.Resources = new ResourceRequest
        {
            Resources = { ["PCPU"] = 2 },
            Numa = new NumaRequest
            {
                CpuPolicy = CpuPolicy.Dedicated,
                Cells = { new NumaCellRequest { DedicatedVcpus = { 0, 1 }, MemoryMb = 512, PageSizePolicy = PageSizePolicy.Large } },
            },
        };
        if (device is not null)
            request.Resources.Devices.Add(new DeviceRequest { Name = "nic", Alternatives = { new DeviceSpec { ProductId = device } } });
        return request;
    }

    private static ClaimInstanceRequest DeviceClaim(string node, DeviceSpec spec)
    {
        var request = Requests.Claim(node);
        request.Resources = new ResourceRequest { Devices = { new DeviceRequest { Name = "nic", Alternatives = { spec } } } };
        return request;
    }
}
