using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Server.Claims;

namespace ResourceService.Server.Grpc;

/// <summary>Reads claims that callers want, checking every field before anything else happens.</summary>
internal static class ClaimRequests
{
    private const int CandidatesMax = 1000;

    /// <summary>The state of an instance whose caller gives none: it is being built.</summary>
    private const string NewVmState = "building";

    /// <summary>The claim that is wanted; null after a violation.</summary>
    public static ClaimOrder? Read(V1.ClaimInstanceRequest message, FieldViolations violations)
    {
        var instance = Read(message.Instance, NewVmState, violations);
        var request = ResourceRequests.Read(message.Resources, violations);
        var node = violations.OptionalId("node_id", message.NodeId);
        var candidates = ReadCandidates(message.CandidateNodeIds, violations);
        var strategy = ResourceRequests.Strategy("strategy", message.Strategy, violations);
        var filter = ResourceRequests.Read(message.Filter, violations);
        var lease = violations.Lease("lease", message.Lease);
        var generation = violations.Generation("expected_generation", message.HasExpectedGeneration, message.ExpectedGeneration);

        if (node.Length > 0 && candidates.Count > 0)
            violations.Add("candidate_node_ids", "must be empty when node_id is set");
        if (node.Length > 0 && message.Filter is not null)
            violations.Add("filter", "must be unset when node_id is set");
        if (node.Length == 0 && generation is not null)
            violations.Add("expected_generation", "must be unset without node_id");

        if (!violations.None)
            return null;
        return new ClaimOrder(
            instance!, request!, node.Length > 0 ? new NodeId(node) : null, candidates, strategy, filter, lease, message.ValidateOnly, generation);
    }

    private static ValueList<NodeId> ReadCandidates(IReadOnlyList<string> ids, FieldViolations violations)
    {
        if (ids.Count == 0)
            return [];
        violations.CountAtMost("candidate_node_ids", ids.Count, CandidatesMax);
        return ValueList.From(ids.Take(CandidatesMax).Select((id, i) => new NodeId(violations.RequiredId($"candidate_node_ids[{i}]", id))));
    }

    /// <summary>An instance, in the field <c>instance</c>; null when it is missing.</summary>
    /// <param name="message">The field.</param>
    /// <param name="vmState">The state of an instance whose caller gives none.</param>
    /// <param name="violations">What broke a rule.</param>
    public static Instance? Read(V1.Instance? message, string vmState, FieldViolations violations)
    {
        if (message is null)
        {
            violations.Add("instance", "must be set");
            return null;
        }

        violations.Enter("instance");
        var instance = new Instance(
            new InstanceId(violations.RequiredId("instance_id", message.InstanceId)),
            violations.OptionalId("project_id", message.ProjectId),
            violations.OptionalId("user_id", message.UserId),
            violations.Text("os_type", message.OsType),
            message.VmState.Length == 0 ? vmState : violations.Text("vm_state", message.VmState),
            violations.Text("task_state", message.TaskState),
            violations.Text("power_state", message.PowerState));
        violations.Leave();
        return instance;
    }
}
