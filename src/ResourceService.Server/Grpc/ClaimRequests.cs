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
    /// <param name="message">The request.</param>
    /// <param name="prefix">The path of the request inside its message, with a dot at its end; empty for the message itself.</param>
    /// <param name="violations">Where violations go.</param>
    public static ClaimOrder? Read(V1.ClaimInstanceRequest message, string prefix, FieldViolations violations)
    {
        var instance = Read(message.Instance, $"{prefix}instance", violations);
        var request = ResourceRequests.Read(message.Resources, $"{prefix}resources", violations);
        var node = violations.OptionalId($"{prefix}node_id", message.NodeId);
        violations.CountAtMost($"{prefix}candidate_node_ids", message.CandidateNodeIds.Count, CandidatesMax);
        for (var i = 0; i < Math.Min(message.CandidateNodeIds.Count, CandidatesMax); i++)
            violations.RequiredId($"{prefix}candidate_node_ids[{i}]", message.CandidateNodeIds[i]);
        var strategy = ResourceRequests.Strategy($"{prefix}strategy", message.Strategy, violations);
        var filter = ResourceRequests.Read(message.Filter, $"{prefix}filter", violations);
        var lease = violations.Lease($"{prefix}lease", message.Lease);
        var generation = violations.Generation($"{prefix}expected_generation", message.HasExpectedGeneration, message.ExpectedGeneration);

        if (node.Length > 0 && message.CandidateNodeIds.Count > 0)
            violations.Add($"{prefix}candidate_node_ids", "must be empty when node_id is set");
        if (node.Length > 0 && message.Filter is not null)
            violations.Add($"{prefix}filter", "must be unset when node_id is set");
        if (node.Length == 0 && generation is not null)
            violations.Add($"{prefix}expected_generation", "must be unset without node_id");

        if (!violations.None)
            return null;
        return new ClaimOrder(
            instance!,
            request!,
            node.Length > 0 ? new NodeId(node) : null,
            ValueList.From(message.CandidateNodeIds.Select(id => new NodeId(id))),
            strategy,
            filter,
            lease,
            message.ValidateOnly,
            generation);
    }

    private static Instance? Read(V1.Instance? message, string field, FieldViolations violations)
    {
        if (message is null)
        {
            violations.Add(field, "must be set");
            return null;
        }

        return new Instance(
            new InstanceId(violations.RequiredId($"{field}.instance_id", message.InstanceId)),
            violations.OptionalId($"{field}.project_id", message.ProjectId),
            violations.OptionalId($"{field}.user_id", message.UserId),
            violations.Text($"{field}.os_type", message.OsType),
            message.VmState.Length == 0 ? NewVmState : violations.Text($"{field}.vm_state", message.VmState),
            violations.Text($"{field}.task_state", message.TaskState),
            violations.Text($"{field}.power_state", message.PowerState));
    }
}
