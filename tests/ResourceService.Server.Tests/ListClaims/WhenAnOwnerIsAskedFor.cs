namespace ResourceService.Server.Tests.ListClaims;

/// <summary>Who owns a CPU or a device: told by the node, and found by a list.</summary>
public sealed class WhenAnOwnerIsAskedFor(SharedService service) : ServiceTest(service)
{
    private const string Nic = "0000:3b:00.0";

    [Fact]
    public async Task Each_cpu_of_a_cell_has_its_owner_beside_it()
    {
        var node = await RegisterHostAsync();
        var (isolated, pinned) = (await ClaimIsolatedAsync(node), await ClaimPinnedAsync(node));

        var usage = Assert.Single((await GetAsync(node)).NumaUsage);

        Assert.Equal([0, 1, 2, 3, 4, 5], usage.PinnedCpus);
        Assert.Equal(
            [
                Owner(0, isolated, CpuUse.Vcpu, 0), Owner(1, isolated, CpuUse.IdleSibling),
                Owner(2, isolated, CpuUse.Emulator), Owner(3, isolated, CpuUse.IdleSibling),
                Owner(4, pinned, CpuUse.Vcpu, 0), Owner(5, pinned, CpuUse.Vcpu, 1),
            ],
            usage.CpuOwners);
        // Answers to changes are kept for retries: they are spared it.
        var updated = await Nodes.UpdateNodeAsync(new UpdateNodeRequest { NodeId = node, Owner = "tests", Traits = { "CUSTOM_KNOWN" } });
        Assert.Equal(usage.PinnedCpus, Assert.Single(updated.Node.NumaUsage).PinnedCpus);
        Assert.Empty(updated.Node.NumaUsage[0].CpuOwners);
    }

    [Fact]
    public async Task A_list_finds_the_claim_of_each_cpu()
    {
        var node = await RegisterHostAsync();
        var (isolated, pinned) = (await ClaimIsolatedAsync(node), await ClaimPinnedAsync(node));
        string?[] owners = [isolated.ClaimId, isolated.ClaimId, isolated.ClaimId, isolated.ClaimId, pinned.ClaimId, pinned.ClaimId, null, null];

        for (var cpu = 0; cpu < owners.Length; cpu++)
            Assert.Equal(owners[cpu], await OwnerAsync(new ListClaimsRequest { NodeId = node, HostCpu = cpu }));

        Assert.Null(await OwnerAsync(new ListClaimsRequest { NodeId = node, HostCpu = 4, States = { ClaimState.Active } }));
        Assert.Null(await OwnerAsync(new ListClaimsRequest { NodeId = node, HostCpu = 4, InstanceId = isolated.Instance.InstanceId }));
        Assert.Null(await OwnerAsync(new ListClaimsRequest { NodeId = await RegisterHostAsync(), HostCpu = 4 }));
        Assert.Null(await OwnerAsync(new ListClaimsRequest { NodeId = "never-registered", HostCpu = 4 }));
    }

    [Fact]
    public async Task A_device_is_known_by_every_writing_of_its_address()
    {
        var node = await RegisterHostAsync();
        var claim = await ClaimPinnedAsync(node, device: true);

        foreach (var address in new[] { Nic, "0000:3B:00.0", "00000000:3b:00.0" })
            Assert.Equal(claim.ClaimId, await OwnerAsync(new ListClaimsRequest { NodeId = node, DeviceAddress = address }));
        Assert.Equal(claim.ClaimId, await OwnerAsync(new ListClaimsRequest { NodeId = node, DeviceAddress = Nic, HostCpu = 0 }));
        Assert.Null(await OwnerAsync(new ListClaimsRequest { NodeId = node, DeviceAddress = Nic, HostCpu = 7 }));
        Assert.Null(await OwnerAsync(new ListClaimsRequest { NodeId = node, DeviceAddress = "0000:3b:00.1" }));
    }

    [Fact]
    public async Task Claims_that_have_ended_own_nothing()
    {
        var node = await RegisterHostAsync();
        var claim = await ClaimPinnedAsync(node, device: true);
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });

        Assert.Null(await OwnerAsync(new ListClaimsRequest { NodeId = node, HostCpu = 0, States = { ClaimState.Released, ClaimState.Held } }));
        Assert.Null(await OwnerAsync(new ListClaimsRequest { NodeId = node, DeviceAddress = Nic, States = { ClaimState.Released } }));
        Assert.Equal(claim.ClaimId, await OwnerAsync(new ListClaimsRequest { NodeId = node, States = { ClaimState.Released } }));
    }

    private async Task<string?> OwnerAsync(ListClaimsRequest request) =>
        (await Claims.ListClaimsAsync(request)).Claims.Select(claim => claim.ClaimId).SingleOrDefault();

    private static CpuOwner Owner(int cpu, Claim claim, CpuUse use, int? guestCpu = null)
    {
        var owner = new CpuOwner { Cpu = cpu, ClaimId = claim.ClaimId, InstanceId = claim.Instance.InstanceId, Use = use };
        if (guestCpu is { } guest)
            owner.GuestCpu = guest;
        return owner;
    }

    // One cell of four cores of two threads, for floating and pinned vCPUs alike.
    private async Task<string> RegisterHostAsync()
    {
        var request = Requests.Node();
        request.Inventories.Add("PCPU", new Inventory { Total = 8 });
        request.NumaTopology = new NumaTopology
        {
            Cells =
            {
                new NumaCell
                {
                    SharedCpus = { Enumerable.Range(0, 8) },
                    DedicatedCpus = { Enumerable.Range(0, 8) },
                    ThreadSiblings = { Enumerable.Range(0, 4).Select(core => new CpuSet { Cpus = { 2 * core, (2 * core) + 1 } }) },
                    MemoryMb = 4096,
                },
            },
        };
        request.Devices.Add(new Device { Address = Nic, VendorId = "8086", ProductId = "158b", Type = DeviceType.Pci, NumaCellId = 0 });
        return (await Nodes.RegisterNodeAsync(request)).Node.NodeId;
    }

    private async Task<Claim> ClaimIsolatedAsync(string node)
    {
        var request = Pinned(node, 1);
        request.Resources.Numa.ThreadPolicy = CpuThreadPolicy.Isolate;
        request.Resources.Numa.EmulatorThreadsPolicy = EmulatorThreadsPolicy.Isolate;
        return (await Claims.ClaimInstanceAsync(request)).Claim;
    }

    private async Task<Claim> ClaimPinnedAsync(string node, bool device = false)
    {
        var request = Pinned(node, 2);
        if (device)
            request.Resources.Devices.Add(new DeviceRequest { Name = "nic", Alternatives = { new DeviceSpec { VendorId = "8086" } } });
        return (await Claims.ClaimInstanceAsync(request)).Claim;
    }

    private static ClaimInstanceRequest Pinned(string node, int vcpus)
    {
        var request = Requests.Claim(node);
        request.Resources = new ResourceRequest
        {
            Resources = { ["PCPU"] = vcpus },
            Numa = new NumaRequest
            {
                CpuPolicy = CpuPolicy.Dedicated,
                Cells = { new NumaCellRequest { DedicatedVcpus = { Enumerable.Range(0, vcpus) }, MemoryMb = 512 } },
            },
        };
        return request;
    }
}
