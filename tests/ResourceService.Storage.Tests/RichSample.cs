using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Storage.Tests;

/// <summary>A node and an instance with every field set, so that a field that is not stored is missed.</summary>
internal static class RichSample
{
    public static readonly Instance Instance = new(new InstanceId("rich-1"), "project-ü", "user-1", "linux", "active", "spawning", "running");

    public static readonly RequestOrigin Origin = new("scheduler-1", Guid.Parse("8f3c6c1e-5b6a-4e0e-9a53-0d6f0a3b1c2d"), -5, [1, 2, 3]);

    /// <summary>An owner that sets every field, of a class of its own.</summary>
    public static OwnedFields Owner { get; } = new(
        "ops", "operator-1", Sample.LeaseEnd, [KeyValuePair.Create(new ResourceClass("CUSTOM_OWN"), new InventoryFields(9, 1, 1.25, 2, 8, 2))], ["CUSTOM_OPS"],
        [KeyValuePair.Create("rack", "of ops"), KeyValuePair.Create("tier", "\"gold\"")]);

    /// <summary>An audit with every field set.</summary>
    public static Audit Audit { get; } = new(
        new AuditId(1, 7), AuditMode.Heal, Sample.Now, Sample.LeaseEnd, 41, 42, "agent-1", 3, 2, 1,
        [
            new Drift(DriftKind.UsageMismatch, DriftAction.ClaimCorrected, "4", "8", "a \"quoted\" sentence")
            {
                Instance = new InstanceId("instance-1"),
                Claim = new ClaimId(1, 5),
                Migration = new MigrationId(2, 6),
                ResourceClass = "VCPU",
                DeviceAddress = "0000:3b:00.0",
            },
            new Drift(DriftKind.InventoryChanged, DriftAction.SkippedChangedSince, "", "", ""),
        ]);

    /// <summary>A request with every field set.</summary>
    public static ResourceRequest Request { get; } =
        new(Sample.Amounts(3, 8), ["HW_CPU_X86_AVX2"], ["CUSTOM_SLOW"], Sample.Amounts(60, 200_000))
        {
            AnyOfTraits = [["CUSTOM_A", "CUSTOM_B"], ["CUSTOM_C"]],
            Numa = new NumaRequest(
                [
                    new NumaCellRequest(CpuSet.From([0]), CpuSet.From([1]), 4, PageSizePolicy.Explicit, 1_048_576),
                    new NumaCellRequest(CpuSet.Empty, CpuSet.From([2, 70]), 4, PageSizePolicy.Large, 0),
                ],
                CpuPolicy.Mixed, CpuThreadPolicy.Isolate, EmulatorThreadsPolicy.Isolate, PackCells: true),
            Devices =
            [
                new DeviceRequest(
                    "nic", 2,
                    [
                        new DeviceDescription("8086", "154c", DeviceType.VirtualFunction, [KeyValuePair.Create("physical_network", "net-1")]),
                        new DeviceDescription(null, null, null, []),
                    ],
                    DeviceNumaPolicy.Socket),
            ],
            CpuAllocationRatio = 1.5,
            RamAllocationRatio = 0.75,
        };

    /// <summary>An assignment with every field set.</summary>
    public static Assignment Assignment { get; } = new(
        [new CellAssignment(0, 1_048_576, 1_048_576, [new PinnedCpu(1, 2)], CpuSet.From([3]), CpuSet.From([7]), CpuSet.From([0]), 4_096)],
        [
            new AssignedDevice("nic", "0000:3b:02.1")
            {
                ParentAddress = "0000:3b:00.0",
                Model = new DeviceModel("8086", "154c", DeviceType.VirtualFunction),
            },
        ]);

    public static NodeSpec Spec(string name = "rich-node") =>
        Sample.Spec(
            name, (ResourceClass.Vcpu, Sample.Inventory(64, reserved: 2, ratio: 4.25, minUnit: 1, maxUnit: 32, stepSize: 1)),
            (ResourceClass.MemoryMb, Sample.Inventory(262_144, stepSize: 2)), (new ResourceClass("CUSTOM_LICENSE"), Sample.Inventory(long.MaxValue)))
        with
        {
            Numa = new NumaTopology(
            [
                new NumaCell(
                    0, 1, CpuSet.From([0, 1]), CpuSet.From([2, 3]), [CpuSet.From([0, 2]), CpuSet.From([1, 3])], 131_072,
                    [new PagePool(4, 1_000, 10), new PagePool(1_048_576, 64, 0)]),
                new NumaCell(1, null, CpuSet.Empty, CpuSet.From([4]), [], 131_072, []),
            ]),
            Devices =
            [
                new Device("0000:3b:00.0", "8086", "1572", DeviceType.PhysicalFunction, null, 0, [KeyValuePair.Create("physical_network", "net-1")]),
                new Device("0000:3b:02.1", "8086", "154c", DeviceType.VirtualFunction, "0000:3b:00.0", null, []),
            ],
            Traits = ["CUSTOM_FAST", "HW_CPU_X86_AVX2"],
            Labels = [KeyValuePair.Create("rack", "r1"), KeyValuePair.Create("row", "\"7\"")],
        };
}
