namespace ResourceService.Server.Tests.AuditNode;

/// <summary>What a host can be is no error of its report: the guest is a drift of its own, and the others are healed.</summary>
public sealed class WhenAGuestIsOdd(SharedService service) : AuditTest(service)
{
    private static readonly Dictionary<string, Action<ObservedInstance>> _oddities = new(StringComparer.Ordinal)
    {
        ["two vCPUs on one CPU"] = seen => seen.NumaCells.Add(new ObservedNumaCell { Pinning = { [0] = 1, [1] = 1 }, MemoryMb = 64 }),
        ["a vCPU in two cells"] = seen => seen.NumaCells.Add([new ObservedNumaCell { Pinning = { [0] = 1 } }, new ObservedNumaCell { HostCellId = 1, Pinning = { [0] = 2 } }]),
        ["a negative cell"] = seen => seen.NumaCells.Add(new ObservedNumaCell { HostCellId = -1 }),
        ["a mediated device"] = seen => seen.DeviceAddresses.Add("4b20d080-1b54-4048-85b3-a6a62d165c01"),
        ["a class in small letters"] = seen => seen.Resources.Add("disk_gb", 1),
        ["a class that is too long"] = seen => seen.Resources.Add($"CUSTOM_{new string('A', 300)}", 1),
        ["a negative amount"] = seen => seen.Resources.Add("DISK_GB", -1),
        ["a long state"] = seen => seen.Instance.VmState = new string('x', 300),
        ["more cells than can be"] = seen => seen.NumaCells.Add(Enumerable.Repeat(new ObservedNumaCell(), 129)),
        ["more devices than can be"] = seen => seen.DeviceAddresses.Add(Enumerable.Repeat("0000:3b:00.0", 4_097)),
        ["a name with a space"] = seen => seen.Instance.InstanceId = seen.Instance.InstanceId.Replace('-', ' '),
    };

    public static TheoryData<string> Oddities => [.. _oddities.Keys];

    [Theory]
    [MemberData(nameof(Oddities))]
    public async Task It_is_told_and_the_others_are_healed(string oddity)
    {
        var node = await RegisterAsync();
        var (odd, other) = (await LivingAsync(node.NodeId), await LivingAsync(node.NodeId));
        var report = await ReportAsync(node.NodeId);
        _oddities[oddity](report.Instances.Single(seen => seen.Instance.InstanceId == odd.Instance.InstanceId));
        report.Instances.Single(seen => seen.Instance.InstanceId == other.Instance.InstanceId).Resources["VCPU"] = 3;

        var audit = await AuditAsync(report);

        var told = Assert.Single(audit.Drifts, drift => drift.Kind == DriftKind.Unreadable);
        Assert.Equal(DriftAction.Reported, told.Action);
        Assert.NotEmpty(told.InstanceId);
        Assert.DoesNotContain(audit.Drifts, drift => drift.Kind is DriftKind.OrphanedClaim or DriftKind.UntrackedInstance);
        Assert.Equal(3, (await GetClaimAsync(other.ClaimId)).Resources["VCPU"]);
        Assert.Equal((ClaimState.Active, 1), ((await GetClaimAsync(odd.ClaimId)).State, (await GetClaimAsync(odd.ClaimId)).Resources["VCPU"]));
    }

    [Fact]
    public async Task An_instance_that_is_named_twice_keeps_its_claim_as_it_is()
    {
        var node = await RegisterAsync();
        var claim = await LivingAsync(node.NodeId);
        var report = await ReportAsync(node.NodeId);
        report.Instances.Add(Stranger(5, claim.Instance.InstanceId));

        Assert.Equal([(DriftKind.Unreadable, DriftAction.Reported)], Summary(await AuditAsync(report)));
        Assert.Equal(claim, await GetClaimAsync(claim.ClaimId));
    }

    [Fact]
    public async Task A_part_of_the_host_that_is_odd_is_left_out_and_stays_registered()
    {
        var request = Requests.Node();
        request.NumaTopology = new NumaTopology { Cells = { new NumaCell { DedicatedCpus = { 0, 1 } }, new NumaCell { CellId = 1, DedicatedCpus = { 2, 3 } } } };
        request.Devices.Add(new Device { Address = "0000:3b:00.0", VendorId = "8086", ProductId = "158b", Type = DeviceType.Pci });
        await Nodes.RegisterNodeAsync(request);
        var report = await ReportAsync(request.NodeId);
        report.Inventories["VCPU"].Total = -1;
        report.Inventories["MEMORY_MB"].Total = 5;
        report.Inventories["MEMORY_MB"].MaxUnit = 5;
        report.Inventories.Add("vcpu", new Inventory { Total = 1 });
        report.NumaTopology.Cells[1].MemoryMb = -1;
        report.Devices[0].VendorId = "none";
        report.Devices.Add(new Device { Address = "0.0.1a2b", VendorId = "8086", ProductId = "158b", Type = DeviceType.Pci });

        var audit = await AuditAsync(report);

        Assert.Equal(5, audit.Drifts.Count(drift => drift.Kind == DriftKind.Unreadable));
        Assert.Equal((DriftKind.InventoryChanged, "MEMORY_MB"), (audit.Drifts[^1].Kind, audit.Drifts[^1].ResourceClass));
        var after = await GetAsync(request.NodeId);
        Assert.Equal((8, 5), (after.Inventories["VCPU"].Total, after.Inventories["MEMORY_MB"].Total));
        Assert.Equal((2, "8086"), (after.NumaTopology.Cells.Count, Assert.Single(after.Devices).VendorId));
    }

    [Fact]
    public async Task A_class_without_inventory_is_left_alone_and_named()
    {
        var node = await RegisterAsync();
        var claim = await LivingAsync(node.NodeId, vcpus: 2);
        var report = await ReportAsync(node.NodeId);
        report.Instances[0].Resources["VCPU"] = 4;
        report.Instances[0].Resources["DISK_GB"] = 10;

        var drifts = (await AuditAsync(report)).Drifts;

        Assert.Equal([("DISK_GB", DriftAction.SkippedDoesNotFit), ("VCPU", DriftAction.ClaimCorrected)], drifts.Select(drift => (drift.ResourceClass, drift.Action)));
        Assert.Contains("no inventory of DISK_GB", drifts[0].Detail, StringComparison.Ordinal);
        Assert.Equal(4, (await GetClaimAsync(claim.ClaimId)).Resources["VCPU"]);
    }
}
