using Grpc.Core;
using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Server.Audits;
using ResourceService.Server.History;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Grpc;

/// <summary>AuditService: audits, the ledger's history and its verification.</summary>
internal sealed class AuditGrpcService(
    NodeDirectory nodes, NodeNames names, IdempotentCalls calls, NodeAudits audits, LedgerHistory history, HistoryWatch watch, LedgerVerifier verifier, IClaimReader reader,
    RefusalLog refusals)
    : V1.AuditService.AuditServiceBase
{
    public override async Task<V1.AuditNodeResponse> AuditNode(V1.AuditNodeRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = new NodeId(violations.RequiredId("node_id", request.NodeId));
        var heals = violations.Enum("mode", request.Mode, required: false) == V1.AuditMode.Heal;
        var observed = ObservedNodes.Read(request, heals, violations);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.Between("confirmed_orphan_count", request.ConfirmedOrphanCount, 0, int.MaxValue);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.AuditNodeResponse.Parser,
            stamp => audits.AuditAsync(
                id, heals ? AuditMode.Heal : AuditMode.Report, generation, request.ConfirmedOrphanCount, observed, stamp),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override Task<V1.GetAuditResponse> GetAudit(V1.GetAuditRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = violations.RequiredAuditId("audit_id", request.AuditId);
        violations.ThrowIfAny();

        var audit = reader.FindAudit(id.Sequence);
        if (audit is null || audit.Id != id)
            throw RpcErrors.AuditNotFound(request.AuditId).ToException();
        return Task.FromResult(new V1.GetAuditResponse { Audit = AuditMapping.ToContract(audit, NameOf(id.NodeKey)) });
    }

    public override Task<V1.ListAuditsResponse> ListAudits(V1.ListAuditsRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var node = ReadNode("node_id", request.NodeId, violations);
        var (start, end) = violations.TimeRange(request.StartTime, request.EndTime);
        var pageSize = violations.PageSize("page_size", request.PageSize);
        violations.ThrowIfAny();

        // The position is the last audit listed: its time, and its sequence among those of one millisecond.
        var list = new V1.ListAuditsRequest(request) { PageSize = 0, PageToken = "" };
        (long, long)? before = null;
        if (PageTokens.ReadPair(list, request.PageToken) is { } position)
            before = long.TryParse(position.Tail, out var sequence) ? (position.Number, sequence) : throw RpcErrors.InvalidPageToken().ToException();
        var page = reader.ListAudits(new AuditFilter(node, start?.UnixMs, end?.UnixMs, request.DriftOnly, before), pageSize + 1);
        var response = new V1.ListAuditsResponse();
        if (Pages.Fill(response.Audits, page, pageSize, audit => AuditMapping.ToContract(audit, NameOf(audit.Id.NodeKey)), context.CancellationToken) is { } last)
            response.NextPageToken = PageTokens.Write(list, $"{last.Time.UnixMs}/{last.Id.Sequence}");
        return Task.FromResult(response);
    }

    public override Task<V1.ListEventsResponse> ListEvents(V1.ListEventsRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        violations.Between("revision", request.Revision, 0, long.MaxValue);
        var (start, end) = violations.TimeRange(request.StartTime, request.EndTime);
        var filter = new EventQuery(
            ReadName("node_id", request.NodeId, violations),
            violations.OptionalId("instance_id", request.InstanceId),
            violations.Text("actor", request.Actor),
            request.ClaimId.Length == 0 ? null : violations.RequiredClaimId("claim_id", request.ClaimId),
            request.MigrationId.Length == 0 ? null : violations.RequiredMigrationId("migration_id", request.MigrationId),
            ReadKinds(request.Kinds, violations),
            start,
            end);
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

        var events = filter.ToFilters(position, response.Revision, request.Revision, request.NewestFirst, names, filter.Node is { } node ? KeyOf(node) : 0)
            .SelectMany(part => reader.ListEvents(part, pageSize + 1))
            .Take(pageSize + 1);
        if (Pages.Fill(response.Events, events, pageSize, recorded => EventMapping.ToContract(recorded, NameOf(recorded)), context.CancellationToken) is { } last)
            response.NextPageToken = PageTokens.Write(list, $"{response.Revision}/{last.Revision}");
        return Task.FromResult(response);
    }

    public override Task WatchEvents(
        V1.WatchEventsRequest request, IServerStreamWriter<V1.WatchEventsResponse> responseStream, ServerCallContext context)
    {
        var violations = new FieldViolations();
        violations.Between("revision", request.Revision, 0, long.MaxValue);
        var query = new EventQuery(
            ReadName("node_id", request.NodeId, violations),
            violations.OptionalId("instance_id", request.InstanceId),
            violations.Text("actor", request.Actor),
            null,
            null,
            ReadKinds(request.Kinds, violations),
            null,
            null);
        violations.ThrowIfAny();

        return watch.RunAsync(
            request.Revision,
            recorded => query.Takes(recorded, names, KeyOf)
                ? new V1.WatchEventsResponse
                {
                    Revision = recorded.Revision,
                    Event = EventMapping.ToContract(recorded, NameOf(recorded)),
                }
                : null,
            revision => new V1.WatchEventsResponse { Revision = revision },
            responseStream,
            context);
    }

    public override Task<V1.ListRefusalsResponse> ListRefusals(V1.ListRefusalsRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var (start, end) = violations.TimeRange(request.StartTime, request.EndTime);
        violations.CountAtMost("reasons", request.Reasons.Count, 64);
        var filter = new RefusalFilter
        {
            NodeId = OrNull(violations.OptionalId("node_id", request.NodeId)),
            InstanceId = OrNull(violations.OptionalId("instance_id", request.InstanceId)),
            ProjectId = OrNull(violations.OptionalId("project_id", request.ProjectId)),
            Actor = OrNull(violations.Text("actor", request.Actor)),
            Reasons = [.. request.Reasons.Take(64).Select((reason, i) => (int)violations.Enum($"reasons[{i}]", reason, required: true)).Distinct()],
            StartMs = start?.UnixMs,
            EndMs = end?.UnixMs,
        };
        var pageSize = violations.PageSize("page_size", request.PageSize);
        violations.ThrowIfAny();

        var list = new V1.ListRefusalsRequest(request) { PageSize = 0, PageToken = "" };
        var position = PageTokens.ReadNumber(list, request.PageToken);
        var onlyNode = context.IsAgentAlone() ? request.NodeId : null;
        var found = refusals.List(position == 0 ? filter : filter with { Before = position }, pageSize + 1);
        var response = new V1.ListRefusalsResponse();
        if (Pages.Fill(response.Refusals, found, pageSize, refusal => RefusalMapping.ToContract(refusal, onlyNode), context.CancellationToken) is { } last)
            response.NextPageToken = PageTokens.Write(list, $"{last.Sequence}");
        return Task.FromResult(response);
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

    private static string? OrNull(string text) => text.Length == 0 ? null : text;

    private string NameOf(int nodeKey) => nodes.Find(nodeKey)?.View.Id.Value ?? "";

    // The name that the node had then.
    private string NameOf(LedgerEvent recorded) =>
        nodes.Find(recorded.NodeKey) is { } worker ? names.NameAt(recorded.NodeKey, recorded.Revision, worker.View.Id).Value : "";

    // A node that never was has no events: a number that no node has.
    private int KeyOf(NodeId id) => nodes.FindEverRegistered(id)?.View.NodeKey ?? 0;

    private static NodeId? ReadName(string field, string nodeId, FieldViolations violations) =>
        violations.OptionalId(field, nodeId).Length == 0 ? null : new NodeId(nodeId);

    private int? ReadNode(string field, string nodeId, FieldViolations violations)
    {
        violations.OptionalId(field, nodeId);
        return nodeId.Length == 0 ? null : KeyOf(new NodeId(nodeId));
    }

    private static HashSet<V1.EventKind> ReadKinds(IReadOnlyList<V1.EventKind> kinds, FieldViolations violations)
    {
        violations.CountAtMost("kinds", kinds.Count, 64);
        return [.. kinds.Take(64).Select((kind, i) => violations.Enum($"kinds[{i}]", kind, required: true))];
    }
}
