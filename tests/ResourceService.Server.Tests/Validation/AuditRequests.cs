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
            Number<AuditNodeRequest>("confirmed_orphan_count", (request, value) => request.ConfirmedOrphanCount = (int)value, -1, int.MinValue),
            Time<AuditNodeRequest>("observe_time", (request, time) => request.ObserveTime = time),
            One<AuditNodeRequest>("scopes[0]", "unspecified", request => request.Scopes.Add(AuditScope.Unspecified)),
            One<AuditNodeRequest>("scopes[0]", "unknown", request => request.Scopes.Add((AuditScope)99)),
            One<AuditNodeRequest>("scopes", "missing when it heals", request => request.Mode = AuditMode.Heal),
            One<AuditNodeRequest>("scopes", "with 17 elements", request => request.Scopes.Add(Enumerable.Repeat(AuditScope.Devices, 17))),
            One<AuditNodeRequest>("numa_topology.cells", "empty", request => request.NumaTopology = new NumaTopology()),
            One<AuditNodeRequest>("devices", "with 4097 elements", request => request.Devices.Add(Enumerable.Repeat(new Device(), 4_097))),
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
        .. Of(
            () => new ListRefusalsRequest(),
            Id<ListRefusalsRequest>("node_id", (request, id) => request.NodeId = id),
            Id<ListRefusalsRequest>("instance_id", (request, id) => request.InstanceId = id),
            Id<ListRefusalsRequest>("project_id", (request, id) => request.ProjectId = id),
            Text<ListRefusalsRequest>("actor", 255, (request, text) => request.Actor = text),
            One<ListRefusalsRequest>("reasons[0]", "unspecified", request => request.Reasons.Add(ErrorReason.Unspecified)),
            One<ListRefusalsRequest>("reasons[0]", "unknown", request => request.Reasons.Add((ErrorReason)999)),
            One<ListRefusalsRequest>("reasons", "with 65 elements", request => request.Reasons.Add(Enumerable.Repeat(ErrorReason.DoesNotFit, 65))),
            TimeRange<ListRefusalsRequest>((request, time) => request.StartTime = time, (request, time) => request.EndTime = time),
            PageSize<ListRefusalsRequest>((request, size) => request.PageSize = size)),
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
        .. One<AuditNodeRequest>("instances", "with 10001 elements", request =>
        {
            for (var i = 0; i <= 10_000; i++)
                request.Instances.Add(new ObservedInstance { Instance = new Instance { InstanceId = $"more-{i}" } });
        }),
        .. One<AuditNodeRequest>("instances[0].instance", "missing", request => request.Instances[0].Instance = null),
        .. One<AuditNodeRequest>("instances[0].instance.instance_id", "missing", request => request.Instances[0].Instance.InstanceId = ""),
        .. One<AuditNodeRequest>("instances[0].thread_policy", "unknown", request => request.Instances[0].ThreadPolicy = (CpuThreadPolicy)99),
    ];
}
