using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Audits;

/// <summary>
/// Everything that the ledger counts or that a claim owns, shrunk below its use or exchanged under it: each is a drift of its own, whether the audit
/// heals or reports, and still when the host was registered so before.
/// </summary>
public class OverUseTests
{
    private static readonly Dictionary<string, (Func<NodeSpec, NodeSpec> Shrink, string Told)> _rows = new(StringComparer.Ordinal)
    {
        ["a class"] = (spec => With(spec, (ResourceClass.Vcpu, 3), (ResourceClass.MemoryMb, 16_384)), "OverCapacity: 4 of VCPU are used, of a capacity of 3"),
        ["a class reserved for the host"] = (
            spec => spec with
            {
                Inventories = InventoryTable.From(
                [
                    new(ResourceClass.Vcpu, Sample.Inventory(16) with { Reserved = 13 }), new(ResourceClass.MemoryMb, Sample.Inventory(16_384)),
                ]),
            },
            "OverCapacity: 4 of VCPU are used, of a capacity of 3"),
        ["a class that is gone"] = (spec => With(spec, (ResourceClass.MemoryMb, 16_384)), "OverCapacity: 4 of VCPU are used, of a capacity of 0"),
        ["pages"] = (
            spec => OnCell0(spec, cell => cell with { PagePools = [new PagePool(2_048, 255, 0)] }), "OverCapacity: 256 pages of 2048 KiB are used on cell 0, of 255"),
        ["pages reserved for the host"] = (
            spec => OnCell0(spec, cell => cell with { PagePools = [new PagePool(2_048, 4_096, 3_841)] }),
            "OverCapacity: 256 pages of 2048 KiB are used on cell 0, of 255"),
        ["pages of a size that is gone"] = (
            spec => OnCell0(spec, cell => cell with { PagePools = [new PagePool(4, 1_000_000, 0)] }),
            "OverCapacity: 256 pages of 2048 KiB are used on cell 0, of 0"),
        ["memory of a cell"] = (spec => OnCell0(spec, cell => cell with { MemoryMb = 511 }), "OverCapacity: 512 MiB of memory are used on cell 0, of 511"),
        ["CPUs"] = (
            spec => OnCell0(spec, cell => cell with { DedicatedCpus = CpuSet.From([4, 6, 7]) }),
            "OverCapacity: Claim c-1-101 owns CPUs 5 of cell 0, which has no such dedicated CPUs"),
        ["CPUs that are shared now"] = (
            spec => OnCell0(spec, cell => cell with { SharedCpus = CpuSet.From([0, 1, 2, 3, 4, 5]), DedicatedCpus = CpuSet.From([6, 7]) }),
            "OverCapacity: Claim c-1-101 owns CPUs 4-5 of cell 0, which has no such dedicated CPUs"),
        ["shared CPUs"] = (
            spec => spec with { Numa = new NumaTopology([spec.Numa!.Cells[0], spec.Numa.Cells[1] with { SharedCpus = CpuSet.From([8]) }]) },
            "OverCapacity: 2 floating vCPUs are on cell 1, which has 1 shared CPUs"),
        ["a cell"] = (
            spec => spec with { Numa = new NumaTopology([spec.Numa!.Cells[1]]) },
            "OverCapacity: Claim c-1-101 holds a part of cell 0, which the host does not have"),
        ["the topology"] = (
            spec => spec with { Numa = null },
            "OverCapacity: Claim c-1-101 holds a part of cell 0, which the host does not have; "
            + "OverCapacity: Claim c-1-101 holds a part of cell 1, which the host does not have"),
        ["a device"] = (spec => spec with { Devices = [spec.Devices[1]] }, $"DeviceMissing: Device {AuditedHost.Nic} of claim c-1-101 is not on the host"),
        ["another card"] = (
            spec => Exchanged(spec, device => device with { VendorId = "15b3", ProductId = "1017" }),
            $"DeviceChanged: Device {AuditedHost.Nic} is not the one that claim c-1-101 was given"),
        ["another type"] = (
            spec => Exchanged(spec, device => device with { Type = DeviceType.PhysicalFunction }),
            $"DeviceChanged: Device {AuditedHost.Nic} is not the one that claim c-1-101 was given"),
        ["another network"] = (
            spec => Exchanged(spec, device => device with { Tags = [new("physical_network", "blue")] }),
            $"DeviceChanged: Device {AuditedHost.Nic} is not what request nic of claim c-1-101 asked for any more"),
    };

    public static TheoryData<string, AuditMode, bool> Rows
    {
        get
        {
            var data = new TheoryData<string, AuditMode, bool>();
            foreach (var row in _rows.Keys)
            {
                data.Add(row, AuditMode.Heal, false);
                data.Add(row, AuditMode.Report, false);
                data.Add(row, AuditMode.Report, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Each_is_told_by_itself(string row, AuditMode mode, bool isRegistered)
    {
        var host = new AuditedHost(Spec());
        Hold(host);
        var shrunk = _rows[row].Shrink(host.View.Spec);
        // What a class in use keeps is not the caller's to take away.
        if (isRegistered && row != "a class that is gone")
            host.Node.Decide(node => NodeRules.Register(node, shrunk, null, Sample.Now));

        var audit = host.Audit(
            host.Picture() with { Inventories = shrunk.Inventories, Numa = shrunk.Numa, Devices = shrunk.Devices }, mode);

        Assert.Equal(
            _rows[row].Told,
            string.Join("; ", audit.Drifts.Where(drift => drift.Kind != DriftKind.InventoryChanged).Select(drift => $"{drift.Kind}: {drift.Detail.Split(": reported only")[0]}")));
        Assert.All(audit.Drifts.Where(drift => drift.Kind != DriftKind.InventoryChanged), drift => Assert.Equal(DriftAction.Reported, drift.Action));
    }

    [Fact]
    public void What_was_enough_and_still_is_is_not_told()
    {
        var host = new AuditedHost(Spec());
        Hold(host);

        Assert.Empty(host.Report(host.Picture()).Drifts);
    }

    [Fact]
    public void Memory_that_its_inventory_promises_more_than_once_may_be_used_so()
    {
        var host = new AuditedHost(Spec() with
        {
            Inventories = InventoryTable.From(
            [
                new(ResourceClass.Vcpu, Sample.Inventory(16)), new(ResourceClass.MemoryMb, Sample.Inventory(16_384) with { AllocationRatio = 1.5 }),
            ]),
        });
        for (var i = 0; i < 3; i++)
            host.Claim($"vm-{i}", cells: [new CellAssignment(0, 0, 0, [], CpuSet.Empty, CpuSet.Empty, CpuSet.From([0]), 4_096)]);

        Assert.Empty(host.Report(host.Picture()).Drifts);
        Assert.Equal("InventoryChanged Reported, OverCapacity Reported", AuditedHost.Summary(host.Report(host.Picture() with
        {
            Numa = OnCell0(host.View.Spec, cell => cell with { MemoryMb = 8_191 }).Numa,
        })));
    }

    // Four VCPUs: two pinned on cell 0 with huge pages, two that float on cell 1; and a device.
    private static void Hold(AuditedHost host)
    {
        var request = ResourceRequest.Of(Sample.Amounts(4, 512)) with
        {
            Devices =
            [
                new DeviceRequest(
                    "nic", 1, [new DeviceDescription("8086", null, null, [new("physical_network", "red")])], DeviceNumaPolicy.Legacy),
            ],
        };
        var claim = Sample.HeldClaim(new ClaimId(host.View.NodeKey, 101), Sample.Instance("vm"), request.Amounts) with
        {
            Request = request,
            State = ClaimState.Active,
            LeaseEnd = null,
            Assignment = new Assignment(
                [
                    .. AuditedHost.Pinned(0, 4, 5),
                    new CellAssignment(1, 0, 0, [], CpuSet.Empty, CpuSet.Empty, CpuSet.From([2, 3]), 0),
                ],
                [new AssignedDevice("nic", AuditedHost.Nic) { Model = new DeviceModel("8086", "158b", DeviceType.Pci) }]),
            Generation = host.View.Generation + 1,
        };
        host.Node.Apply(Decision.Accept(new ClaimChanged(ChangeKind.InstanceClaimed, Sample.Now, null, claim, "")));
    }

    private static NodeSpec Spec()
    {
        var spec = AuditedHost.Spec();
        return spec with { Devices = [spec.Devices[0] with { Tags = [new("physical_network", "red")] }, spec.Devices[1]] };
    }

    private static NodeSpec With(NodeSpec spec, params (ResourceClass Class, long Total)[] classes) => spec with
    {
        Inventories = InventoryTable.From(classes.Select(item => KeyValuePair.Create(item.Class, Sample.Inventory(item.Total)))),
    };

    private static NodeSpec OnCell0(NodeSpec spec, Func<NumaCell, NumaCell> change) =>
        spec with { Numa = new NumaTopology([change(spec.Numa!.Cells[0]), spec.Numa.Cells[1]]) };

    private static NodeSpec Exchanged(NodeSpec spec, Func<Device, Device> change) => spec with { Devices = [change(spec.Devices[0]), spec.Devices[1]] };
}
