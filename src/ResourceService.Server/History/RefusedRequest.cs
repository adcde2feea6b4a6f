using Google.Protobuf;
using ResourceService.Ledger;
using ResourceService.Server.Grpc;
using ResourceService.Storage;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.History;

/// <summary>What all requests for claims have in common, as far as a refusal is explained by it.</summary>
internal readonly record struct RefusedRequest(
    string Method, string Actor, string RequestId, string InstanceId, string ProjectId, IReadOnlyList<string> Nodes, V1.ResourceRequest? Resources,
    V1.NodeFilter? Filter)
{
    // As many as an error tells of.
    private const int NodesMax = 16;

    // Larger than nearly all: a request may have up to as many bytes as a message.
    private const int PartBytesMax = 4_096;

    /// <summary>A claim.</summary>
    public static RefusedRequest Of(string method, string actor, V1.ClaimInstanceRequest request) => new(
        method, actor, request.RequestId, request.Instance.InstanceId, request.Instance.ProjectId,
        request.NodeId.Length > 0 ? [request.NodeId] : request.CandidateNodeIds, request.Resources, request.Filter);

    /// <summary>A resize.</summary>
    public static RefusedRequest Of(string actor, V1.ClaimResizeRequest request) =>
        new("ClaimResize", actor, request.RequestId, request.InstanceId, "", [request.TargetNodeId], request.Resources, null);

    /// <summary>A migration.</summary>
    public static RefusedRequest Of(string actor, V1.ClaimMigrationRequest request) =>
        new("ClaimMigration", actor, request.RequestId, request.InstanceId, "", [request.TargetNodeId], request.Resources, null);

    /// <summary>The refusal as it is kept, still without a number.</summary>
    /// <param name="error">What the caller got.</param>
    /// <param name="reason">The name of its reason.</param>
    /// <param name="time">When.</param>
    /// <param name="suppressed">How many like it were left out before it.</param>
    public RefusalRecord ToRecord(Status error, string reason, Instant time, long suppressed)
    {
        var told = TrailerBounds.Fit(error);
        var body = new V1.RefusedClaim
        {
            RefuseTime = ContractMapping.ToContract(time),
            Method = Method,
            Actor = Actor,
            RequestId = RequestId,
            InstanceId = InstanceId,
            ProjectId = ProjectId,
            NodeIds = { Nodes.Distinct(StringComparer.Ordinal).Take(NodesMax) },
            NamedNodeCount = Nodes.Count,
            Resources = Resources?.CalculateSize() <= PartBytesMax ? Resources : null,
            Filter = Filter?.CalculateSize() <= PartBytesMax ? Filter : null,
            Reason = RpcErrors.ReasonOf(reason),
            Message = told.Message,
            SuppressedCount = suppressed,
        };
        foreach (var detail in told.Details)
        {
            if (detail.TryUnpack<V1.Refusal>(out var refusal))
                body.Refusals.Add(refusal);
            else if (detail.TryUnpack<V1.RefusalSummary>(out var summary))
                body.Summary = summary;
        }

        return new RefusalRecord(0, time, Actor, InstanceId, ProjectId, (int)body.Reason, [.. body.NodeIds], body.ToByteArray());
    }
}
