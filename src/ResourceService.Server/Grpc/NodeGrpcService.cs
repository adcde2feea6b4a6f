using Grpc.Core;
using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Claims;
using ResourceService.Server.History;
using ResourceService.Server.Nodes;
using ResourceService.Server.Options;
using ResourceService.Storage;

namespace ResourceService.Server.Grpc;

/// <summary>NodeService: registration, states, lists, candidates and watches.</summary>
internal sealed class NodeGrpcService(
    NodeDirectory nodes, NodeNames names, IdempotentCalls calls, CandidateFinder finder, NodeLists lists, FleetSummaries summaries, HistoryWatch watch,
    IClaimReader reader, FleetServices fleet, NodeOptions options) : V1.NodeService.NodeServiceBase
{
    private const int WatchedNodesMax = 10_000;

    public override async Task<V1.RegisterNodeResponse> RegisterNode(V1.RegisterNodeRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var spec = NodeSpecs.Read(request, violations);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.RegisterNodeResponse.Parser,
            async stamp =>
            {
                // A node that must exist and does not takes no place among those that do.
                if (generation > 0 && nodes.FindEverRegistered(spec.Id) is null)
                    return RpcErrors.Of(NodeRules.Register(NodeView.Unregistered(0, spec.Id), spec, generation, fleet.Now).Refusal!, spec.Id.Value);
                return await NamedNodes.AskAsync(
                    spec.Id,
                    nodes.FindOrAdd,
                    worker => worker.CallAsync(
                        stamp,
                        NamedNodes.IfNamed(spec.Id, node => NodeRules.Register(node, spec, generation, fleet.Now)),
                        (node, _) => new V1.RegisterNodeResponse { Node = ContractMapping.ToContract(node, NodeParts.Changed) },
                        context.CancellationToken),
                    _ => RpcErrors.TooManyNodes(options.NodesMax));
            },
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override async Task<V1.UpdateNodeResponse> UpdateNode(V1.UpdateNodeRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = new NodeId(violations.RequiredId("node_id", request.NodeId));
        var fields = NodeFields.Read(request, context.Actor(), violations);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        var rights = new FieldRights(request.Force, context.IsNoOperator() ? fields.Actor : null);
        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.UpdateNodeResponse.Parser,
            stamp => NamedNodes.AskAsync(id, nodes.Find, worker => worker.CallAsync(
                stamp,
                NamedNodes.IfNamed(id, node => FieldRules.Update(node, fields with { Time = fleet.Now }, rights, generation)),
                (node, _) => new V1.UpdateNodeResponse { Node = ContractMapping.ToContract(node, NodeParts.Changed) },
                context.CancellationToken)),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override Task<V1.GetNodeResponse> GetNode(V1.GetNodeRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = new NodeId(violations.RequiredId("node_id", request.NodeId));
        var parts = NodeParts.Read(request.ReadMask, NodeParts.Full, violations);
        violations.ThrowIfAny();

        return Task.FromResult(new V1.GetNodeResponse { Node = ContractMapping.ToContract(Find(id).View, parts) });
    }

    public override Task<V1.ListNodesResponse> ListNodes(V1.ListNodesRequest request, ServerCallContext context) =>
        Task.FromResult(lists.List(request, context.CancellationToken));

    public override Task<V1.GetFleetSummaryResponse> GetFleetSummary(V1.GetFleetSummaryRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var filter = ResourceRequests.Read(request.Filter, violations);
        violations.ThrowIfAny();

        return Task.FromResult(new V1.GetFleetSummaryResponse { Summary = summaries.Sum(filter) });
    }

    public override async Task<V1.SetNodeStateResponse> SetNodeState(V1.SetNodeStateRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = new NodeId(violations.RequiredId("node_id", request.NodeId));
        var state = ResourceRequests.ToLedger(violations.Enum("state", request.State, required: true));
        var reason = violations.Text("reason", request.Reason, FieldViolations.ReasonLengthMax);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.SetNodeStateResponse.Parser,
            stamp => NamedNodes.AskAsync(id, nodes.Find, worker => worker.CallAsync(
                stamp,
                NamedNodes.IfNamed(id, node => NodeRules.SetState(node, state, reason, generation, fleet.Now)),
                (node, _) => new V1.SetNodeStateResponse { Node = ContractMapping.ToContract(node, NodeParts.Basic) },
                context.CancellationToken)),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override async Task<V1.RenameNodeResponse> RenameNode(V1.RenameNodeRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var ids = (Old: new NodeId(violations.RequiredId("node_id", request.NodeId)), New: new NodeId(violations.RequiredId("new_node_id", request.NewNodeId)));
        if (ids.Old == ids.New && violations.None)
            violations.Add("new_node_id", request.NewNodeId, "is the id that the node has; must be another one");
        var reason = violations.Text("reason", request.Reason, FieldViolations.ReasonLengthMax);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.RenameNodeResponse.Parser,
            stamp => NodeRename.RunAsync(
                fleet, stamp, ids, (node, other) => RenameRules.Rename(node, other, ids, reason, generation, fleet.Now), options.NodesMax),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override async Task<V1.DeleteNodeResponse> DeleteNode(V1.DeleteNodeRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = new NodeId(violations.RequiredId("node_id", request.NodeId));
        var reason = violations.Text("reason", request.Reason, FieldViolations.ReasonLengthMax);
        var requestId = violations.RequestId("request_id", request.RequestId);
        var generation = violations.Generation("expected_generation", request.HasExpectedGeneration, request.ExpectedGeneration);
        violations.ThrowIfAny();

        var result = await calls.RunAsync(
            request,
            requestId,
            context.Actor(),
            V1.DeleteNodeResponse.Parser,
            stamp => NamedNodes.AskAsync(id, nodes.Find, async worker =>
            {
                var outcome = await NodeStep.RunAsync(() => new NodeStep(
                    fleet,
                    stamp,
                    worker,
                    NamedNodes.IfNamed(id, node => NodeRules.Delete(node, request.Force, reason, generation, fleet.Now)),
                    (_, decision) => new V1.DeleteNodeResponse { ReleasedClaimCount = decision.Changes.Count - 1 }));
                return CallResult<V1.DeleteNodeResponse>.Of(outcome, id.Value);
            }),
            context.CancellationToken);
        return result.GetOrThrow();
    }

    public override Task<V1.FindCandidatesResponse> FindCandidates(V1.FindCandidatesRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var resources = ResourceRequests.Read(request.Resources, violations);
        var strategy = ResourceRequests.Strategy("strategy", request.Strategy, violations);
        var filter = ResourceRequests.Read(request.Filter, violations);
        violations.Between("limit", request.Limit, 0, 1000);
        violations.Between("explain_limit", request.ExplainLimit, 0, 100);
        violations.ThrowIfAny();

        var query = new CandidateQuery(resources!, filter, strategy);
        var found = finder.Find(query, request.Limit == 0 ? 10 : request.Limit);
        var response = new V1.FindCandidatesResponse();
        // Fewer than were asked for when they are large: the best come first.
        Pages.Fill(response.Candidates, found.Nodes, found.Nodes.Count, node => ToCandidate(node, resources!.Amounts), context.CancellationToken);
        var summary = RpcErrors.ToContract(found.Refusals);
        response.Refusals.Add(summary.Refusals);
        response.ExaminedNodeCount = summary.ExaminedNodeCount;
        response.Warnings.Warn(resources!);
        if (request.ExplainLimit > 0)
        {
            var misses = finder.FindNearMisses(query, request.ExplainLimit, found.Nodes);
            Pages.Fill(response.NearMisses, misses, misses.Count, RefusalMapping.ToContract, context.CancellationToken);
        }

        return Task.FromResult(response);
    }

    public override Task WatchNodes(
        V1.WatchNodesRequest request, IServerStreamWriter<V1.WatchNodesResponse> responseStream, ServerCallContext context)
    {
        var violations = new FieldViolations();
        violations.Between("revision", request.Revision, 0, long.MaxValue);
        violations.CountAtMost("node_ids", request.NodeIds.Count, WatchedNodesMax);
        var watched = request.NodeIds.Take(WatchedNodesMax).Select((id, i) => violations.RequiredId($"node_ids[{i}]", id))
            .ToHashSet(StringComparer.Ordinal);
        violations.ThrowIfAny();

        return watch.RunAsync(
            request.Revision,
            recorded =>
            {
                var id = names.NameAt(recorded.NodeKey, recorded.Revision, nodes.Find(recorded.NodeKey)!.View.Id).Value;
                return watched.Count > 0 && !watched.Contains(id)
                    ? null
                    : new V1.WatchNodesResponse { Revision = recorded.Revision, Change = EventMapping.ToChange(recorded, id) };
            },
            revision => new V1.WatchNodesResponse { Revision = revision },
            responseStream,
            context);
    }

    public override Task<V1.ListUsageSnapshotsResponse> ListUsageSnapshots(V1.ListUsageSnapshotsRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var id = new NodeId(violations.RequiredId("node_id", request.NodeId));
        var (start, end) = violations.TimeRange(request.StartTime, request.EndTime);
        var intervalMs = 0L;
        if (request.Interval is { } interval)
        {
            violations.Between("interval.seconds", interval.Seconds, 0, 366L * 86_400);
            violations.Between("interval.nanos", interval.Nanos, 0, 999_999_999);
            intervalMs = violations.None ? (long)interval.ToTimeSpan().TotalMilliseconds : 0;
        }

        var pageSize = violations.PageSize("page_size", request.PageSize);
        violations.ThrowIfAny();

        var list = new V1.ListUsageSnapshotsRequest(request) { PageSize = 0, PageToken = "" };
        var lastMs = PageTokens.ReadNumber(list, request.PageToken);
        var worker = nodes.FindEverRegistered(id) ?? throw RpcErrors.NodeNotFound(id.Value).ToException();
        var afterMs = lastMs > 0 ? lastMs + Math.Max(0, intervalMs - 1) : (start?.UnixMs ?? 0) - 1;
        var snapshots = reader.ListUsageSnapshots(worker.View.NodeKey, afterMs, end?.UnixMs ?? long.MaxValue, intervalMs, pageSize + 1);
        var response = new V1.ListUsageSnapshotsResponse();
        if (Pages.Fill(response.Snapshots, snapshots, pageSize, snapshot => ContractMapping.ToContract(snapshot, id), context.CancellationToken) is { } last)
            response.NextPageToken = PageTokens.Write(list, last.Time.UnixMs.ToString());
        return Task.FromResult(response);
    }

    private static V1.Candidate ToCandidate(NodeView node, ResourceAmounts asked)
    {
        var candidate = new V1.Candidate { NodeId = node.Id.Value, Generation = node.Generation };
        foreach (var (resourceClass, _) in asked)
        {
            var place = node.Spec.Inventories.IndexOf(resourceClass);
            candidate.Usage.Add(resourceClass.Name, ContractMapping.Usage(node.Spec.Inventories[place].Capacity, node.Used[place]));
        }

        return candidate;
    }

    private NodeWorker Find(NodeId id) => nodes.Find(id) ?? throw RpcErrors.NodeNotFound(id.Value).ToException();
}
