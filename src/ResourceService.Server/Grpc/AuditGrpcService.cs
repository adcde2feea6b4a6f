using Grpc.Core;
using ResourceService.Ledger;
using ResourceService.Server.History;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Grpc;

/// <summary>AuditService: the ledger's history and its verification. Audits themselves are not part of this version.</summary>
internal sealed class AuditGrpcService(
    NodeDirectory nodes, LedgerHistory history, HistoryWatch watch, LedgerVerifier verifier, IClaimReader reader) : V1.AuditService.AuditServiceBase
{
    public override Task<V1.ListEventsResponse> ListEvents(V1.ListEventsRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        violations.Between("revision", request.Revision, 0, long.MaxValue);
        var filter = new EventQuery(
            ReadNode("node_id", request.NodeId, violations),
            violations.OptionalId("instance_id", request.InstanceId),
            violations.Text("actor", request.Actor),
            request.ClaimId.Length == 0 ? null : violations.RequiredClaimId("claim_id", request.ClaimId),
            ReadKinds(request.Kinds, violations),
            violations.Time("start_time", request.StartTime),
            violations.Time("end_time", request.EndTime));
        violations.OptionalId("migration_id", request.MigrationId);
        var pageSize = violations.PageSize("page_size", request.PageSize);
        violations.ThrowIfAny();

        if (request.Revision > 0)
            history.RequireKept(request.Revision);
        var list = new V1.ListEventsRequest(request) { PageSize = 0, PageToken = "" };
        // The position is the revision up to which the whole list goes, and the last one listed.
        var token = PageTokens.ReadPair(list, request.PageToken);
        var response = new V1.ListEventsResponse { Revision = token?.Number ?? history.LastRevision };
        var position = request.NewestFirst ? response.Revision + 1 : request.Revision;
        if (token is { } continued && !long.TryParse(continued.Tail, out position))
            throw RpcErrors.InvalidPageToken().ToException();
        // A list that is read slowly may find that its next page was dropped.
        if (token is not null && !request.NewestFirst)
            history.RequireKept(position);
        if (request.MigrationId.Length > 0)
            return Task.FromResult(response);

        var events = reader.ListEvents(filter.ToFilter(position, response.Revision, request.Revision, request.NewestFirst), pageSize + 1);
        foreach (var recorded in events.Take(pageSize))
            response.Events.Add(EventMapping.ToContract(recorded, nodes.Find(recorded.NodeKey)?.View.Id.Value ?? ""));
        if (events.Count > pageSize)
            response.NextPageToken = PageTokens.Write(list, $"{response.Revision}/{events[pageSize - 1].Revision}");
        return Task.FromResult(response);
    }

    public override Task WatchEvents(
        V1.WatchEventsRequest request, IServerStreamWriter<V1.WatchEventsResponse> responseStream, ServerCallContext context)
    {
        var violations = new FieldViolations();
        violations.Between("revision", request.Revision, 0, long.MaxValue);
        var query = new EventQuery(
            ReadNode("node_id", request.NodeId, violations),
            violations.OptionalId("instance_id", request.InstanceId),
            violations.Text("actor", request.Actor),
            null,
            ReadKinds(request.Kinds, violations),
            null,
            null);
        violations.ThrowIfAny();

        return watch.RunAsync(
            request.Revision,
            recorded => query.Takes(recorded)
                ? new V1.WatchEventsResponse
                {
                    Revision = recorded.Revision,
                    Event = EventMapping.ToContract(recorded, nodes.Find(recorded.NodeKey)!.View.Id.Value),
                }
                : null,
            revision => new V1.WatchEventsResponse { Revision = revision },
            responseStream,
            context.CancellationToken);
    }

    public override async Task<V1.VerifyLedgerResponse> VerifyLedger(V1.VerifyLedgerRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = new NodeId(violations.OptionalId("node_id", request.NodeId));
        violations.ThrowIfAny();

        var only = id.Value.Length == 0 ? null : nodes.Find(id) ?? throw RpcErrors.NodeNotFound(id.Value).ToException();
        // It reads the whole store: not on a thread that answers others.
        return await Task.Factory.StartNew(() => verifier.Verify(only), context.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private int? ReadNode(string field, string nodeId, FieldViolations violations)
    {
        violations.OptionalId(field, nodeId);
        // A node that never was has no events: a number that no node has.
        return nodeId.Length == 0 ? null : nodes.FindEverRegistered(new NodeId(nodeId))?.View.NodeKey ?? 0;
    }

    private static HashSet<V1.EventKind> ReadKinds(IReadOnlyList<V1.EventKind> kinds, FieldViolations violations)
    {
        violations.CountAtMost("kinds", kinds.Count, 64);
        return [.. kinds.Take(64).Select((kind, i) => violations.Enum($"kinds[{i}]", kind, required: true))];
    }
}
