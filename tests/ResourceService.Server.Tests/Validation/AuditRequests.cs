using static ResourceService.Server.Tests.Validation.BadFields;

namespace ResourceService.Server.Tests.Validation;

/// <summary>Every rule of AuditService's requests that are served, broken once.</summary>
internal static class AuditRequests
{
    public static IEnumerable<BadField> Rows =>
    [
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
            Time<ListEventsRequest>("start_time", (request, time) => request.StartTime = time),
            Time<ListEventsRequest>("end_time", (request, time) => request.EndTime = time),
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
}
