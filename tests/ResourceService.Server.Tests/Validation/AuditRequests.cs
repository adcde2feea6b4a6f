using static ResourceService.Server.Tests.Validation.BadFields;

namespace ResourceService.Server.Tests.Validation;

/// <summary>Every rule of AuditService's requests, broken once.</summary>
internal static class AuditRequests
{
    public static IEnumerable<BadField> Rows =>
    [
        .. Of(
            Report,
            RequiredId<AuditNodeRequest>("node_id", (request, id) => request.NodeId = id),
            One<AuditNodeRequest>("mode", "unknown", request => request.Mode = (AuditMode)99),
            Number<AuditNodeRequest>("observed_generation", (request, value) => request.ObservedGeneration = value, 0, -1, long.MinValue),
            Time<AuditNodeRequest>("observe_time", (request, time) => request.ObserveTime = time),
            One<AuditNodeRequest>("scopes[0]", "unspecified", request => request.Scopes.Add(AuditScope.Unspecified)),
            One<AuditNodeRequest>("scopes[0]", "unknown", request => request.Scopes.Add((AuditScope)99)),
            One<AuditNodeRequest>("scopes", "missing when it heals", request => request.Mode = AuditMode.Heal),
            One<AuditNodeRequest>("scopes", "with 17 elements", request => request.Scopes.Add(Enumerable.Repeat(AuditScope.Devices, 17))),
            One<AuditNodeRequest>("inventories[VCPU].total", "negative", request => request.Inventories.Add("VCPU", new Inventory { Total = -1 })),
            One<AuditNodeRequest>("inventories", "with an unknown class", request => request.Inventories.Add("VCPUS", new Inventory { Total = 1 })),
            One<AuditNodeRequest>("numa_topology.cells", "empty", request => request.NumaTopology = new NumaTopology()),
            One<AuditNodeRequest>("devices[0].address", "of another form", request => request.Devices.Add(
                new Device { Address = "nic", VendorId = "8086", ProductId = "158b", Type = DeviceType.Pci })),
            Instances(),
            RequestId<AuditNodeRequest>((request, id) => request.RequestId = id),
            Number<AuditNodeRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new GetAuditRequest { AuditId = "a-1-1" },
            One<GetAuditRequest>("audit_id", "missing", request => request.AuditId = ""),
            One<GetAuditRequest>("audit_id", "of another form", request => request.AuditId = "audit-1")),
        .. Of(
            () => new ListAuditsRequest(),
            Id<ListAuditsRequest>("node_id", (request, id) => request.NodeId = id),
            TimeRange<ListAuditsRequest>((request, time) => request.StartTime = time, (request, time) => request.EndTime = time),
            PageSize<ListAuditsRequest>((request, size) => request.PageSize = size)),
        .. Of(
            () => new ListEventsRequest(),
            Number<ListEventsRequest>("revision", (request, value) => request.Revision = value, -1),
            Id<ListEventsRequest>("node_id", (request, id) => request.NodeId = id),
            Id<ListEventsRequest>("instance_id", (request, id) => request.InstanceId = id),
            Text<ListEventsRequest>("actor", 255, (request, text) => request.Actor = text),
            One<ListEventsRequest>("claim_id", "of another form", request => request.ClaimId = "x"),
            One<ListEventsRequest>("migration_id", "of another form", request => request.MigrationId = "c-1-1"),
            One<ListEventsRequest>("kinds[0]", "unspecified", request => request.Kinds.Add(EventKind.Unspecified)),
            One<ListEventsRequest>("kinds[0]", "unknown", request => request.Kinds.Add((EventKind)99)),
            One<ListEventsRequest>("kinds", "with 65 elements", request => request.Kinds.Add(Enumerable.Repeat(EventKind.NodeUpdated, 65))),
            TimeRange<ListEventsRequest>((request, time) => request.StartTime = time, (request, time) => request.EndTime = time),
            PageSize<ListEventsRequest>((request, size) => request.PageSize = size)),
        .. Of(
            () => new WatchEventsRequest(),
            Number<WatchEventsRequest>("revision", (request, value) => request.Revision = value, -1),
            Id<WatchEventsRequest>("node_id", (request, id) => request.NodeId = id),
            Id<WatchEventsRequest>("instance_id", (request, id) => request.InstanceId = id),
            Text<WatchEventsRequest>("actor", 255, (request, text) => request.Actor = text),
            One<WatchEventsRequest>("kinds[0]", "unspecified", request => request.Kinds.Add(EventKind.Unspecified))),
        .. Of(() => new VerifyLedgerRequest(), Id<VerifyLedgerRequest>("node_id", (request, id) => request.NodeId = id)),
    ];

    private static AuditNodeRequest Report() => new()
    {
        NodeId = "node-1",
        ObservedGeneration = 1,
        Instances =
        {
            new ObservedInstance { Instance = new Instance { InstanceId = "vm-1" }, NumaCells = { new ObservedNumaCell { Pinning = { [0] = 1 } } } },
        },
    };

    private static IEnumerable<Break<AuditNodeRequest>> Instances() =>
    [
        .. One<AuditNodeRequest>("instances", "with one twice", request => request.Instances.Add(request.Instances[0].Clone())),
        .. One<AuditNodeRequest>("instances", "with 10001 elements", request =>
        {
            for (var i = 0; i <= 10_000; i++)
                request.Instances.Add(new ObservedInstance { Instance = new Instance { InstanceId = $"more-{i}" } });
        }),
        .. One<AuditNodeRequest>("instances[0].instance", "missing", request => request.Instances[0].Instance = null),
        .. RequiredId<AuditNodeRequest>("instances[0].instance.instance_id", (request, id) => request.Instances[0].Instance.InstanceId = id),
        .. Id<AuditNodeRequest>("instances[0].instance.project_id", (request, id) => request.Instances[0].Instance.ProjectId = id),
        .. Text<AuditNodeRequest>("instances[0].instance.vm_state", 255, (request, text) => request.Instances[0].Instance.VmState = text),
        .. One<AuditNodeRequest>("instances[0].resources", "with an unknown class", request => request.Instances[0].Resources.Add("VCPUS", 1)),
        .. Number<AuditNodeRequest>(
            "instances[0].resources[VCPU]", (request, value) => request.Instances[0].Resources["VCPU"] = value, -1, 1L << 31),
        .. OfCell("host_cell_id", "negative", cell => cell.HostCellId = -1),
        .. OfCell("page_size_kb", "negative", cell => cell.PageSizeKb = -1),
        .. OfCell("memory_mb", "negative", cell => cell.MemoryMb = -1),
        .. OfCell("pinning key", "negative", cell => cell.Pinning.Add(-1, 2)),
        .. OfCell("pinning[0]", "with CPU 8192", cell => cell.Pinning[0] = 8192),
        .. OfCell("pinning", "with a host CPU twice", cell => cell.Pinning.Add(1, 1)),
        .. OfCell("emulator_cpus", "with CPU 8192", cell => cell.EmulatorCpus.Add(8192)),
        .. OfCell("shared_vcpus", "with a CPU twice", cell => cell.SharedVcpus.Add([3, 3])),
        .. OfCell("shared_vcpus", "with a guest CPU that is pinned", cell => cell.SharedVcpus.Add(0)),
        .. OfCell("emulator_cpus", "with a host CPU that a guest CPU is pinned to", cell => cell.EmulatorCpus.Add(1)),
        .. OfNextCell("pinning", "with a guest CPU of another cell", cell => cell.Pinning.Add(0, 2)),
        .. OfNextCell("pinning", "with a host CPU of another cell", cell => cell.Pinning.Add(1, 1)),
        .. OfNextCell("shared_vcpus", "with a guest CPU of another cell", cell => cell.SharedVcpus.Add(0)),
        .. OfNextCell("emulator_cpus", "with a host CPU of another cell", cell => cell.EmulatorCpus.Add(1)),
        .. One<AuditNodeRequest>("instances[0].numa_cells", "with 65 elements", request => request.Instances[0].NumaCells.Add(
            Enumerable.Repeat(new ObservedNumaCell(), 64))),
        .. One<AuditNodeRequest>("instances[0].device_addresses[0]", "of another form", request => request.Instances[0].DeviceAddresses.Add("nic")),
        .. One<AuditNodeRequest>("instances[0].device_addresses", "with one twice", request => request.Instances[0].DeviceAddresses.Add(
            ["0000:3b:00.0", "0000:3b:00.0"])),
        .. One<AuditNodeRequest>("instances[0].device_addresses", "with one twice in other letters", request => request.Instances[0].DeviceAddresses.Add(
            ["0000:3b:00.0", "00000000:3B:00.0"])),
    ];

    private static IEnumerable<Break<AuditNodeRequest>> OfCell(string field, string rule, Action<ObservedNumaCell> apply) =>
        One<AuditNodeRequest>($"instances[0].numa_cells[0].{field}", rule, request => apply(request.Instances[0].NumaCells[0]));

    private static IEnumerable<Break<AuditNodeRequest>> OfNextCell(string field, string rule, Action<ObservedNumaCell> apply) =>
        One<AuditNodeRequest>($"instances[0].numa_cells[1].{field}", rule, request =>
        {
            var cell = new ObservedNumaCell { HostCellId = 1 };
            apply(cell);
            request.Instances[0].NumaCells.Add(cell);
        });
}
