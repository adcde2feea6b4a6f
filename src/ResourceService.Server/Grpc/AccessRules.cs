using System.Collections.Frozen;
using ResourceService.Server.Security;
using ResourceService.V1;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Who may call what: the one table, and the only place that decides it. The contract says the same beside each method ("Access: ..."), and a
/// test compares the two. The operator may call everything; agents only for their own node.
/// </summary>
internal static class AccessRules
{
    private const string Package = "/resourceservice.v1.";

    private static readonly FrozenDictionary<string, AccessRule> _rules = new Dictionary<string, AccessRule>(StringComparer.Ordinal)
    {
        ["NodeService/RegisterNode"] = Own<RegisterNodeRequest>(request => request.NodeId),
        ["NodeService/UpdateNode"] = Own<UpdateNodeRequest>(request => request.NodeId),
        ["NodeService/GetNode"] = Own<GetNodeRequest>(request => request.NodeId, Roles.Scheduler, Roles.Viewer),
        ["NodeService/ListNodes"] = For(Roles.Scheduler, Roles.Viewer),
        ["NodeService/GetFleetSummary"] = For(Roles.Scheduler, Roles.Viewer),
        ["NodeService/SetNodeState"] = For(),
        ["NodeService/RenameNode"] = For(),
        ["NodeService/DeleteNode"] = For(),
        ["NodeService/FindCandidates"] = For(Roles.Scheduler, Roles.Viewer),
        ["NodeService/WatchNodes"] = For(Roles.Scheduler, Roles.Viewer),
        ["NodeService/ListUsageSnapshots"] = Own<ListUsageSnapshotsRequest>(request => request.NodeId, Roles.Scheduler, Roles.Viewer),

        ["ClaimService/ClaimInstance"] = For(Roles.Scheduler),
        ["ClaimService/ClaimInstances"] = For(Roles.Scheduler),
        ["ClaimService/StreamClaims"] = For(Roles.Scheduler),
        ["ClaimService/ConfirmClaim"] = Own<ConfirmClaimRequest>((request, nodes) => nodes.NodeOfId(request.ClaimId), Roles.Scheduler),
        ["ClaimService/RenewClaim"] = Own<RenewClaimRequest>((request, nodes) => nodes.NodeOfId(request.ClaimId), Roles.Scheduler),
        ["ClaimService/AbortClaim"] = Own<AbortClaimRequest>((request, nodes) => nodes.NodeOfId(request.ClaimId), Roles.Scheduler),
        ["ClaimService/ReleaseInstance"] = For(Roles.Scheduler),
        ["ClaimService/UpdateInstance"] = Own<UpdateInstanceRequest>((request, nodes) => nodes.NodeOfInstance(request.InstanceId), Roles.Scheduler),
        ["ClaimService/GetClaim"] = Own<GetClaimRequest>((request, nodes) => nodes.NodeOfId(request.ClaimId), Roles.Scheduler, Roles.Viewer),
        ["ClaimService/ListClaims"] = Own<ListClaimsRequest>(request => request.NodeId, Roles.Scheduler, Roles.Viewer),

        ["ResizeService/ClaimResize"] = For(Roles.Scheduler),
        ["ResizeService/ConfirmResize"] = For(Roles.Scheduler),
        ["ResizeService/RevertResize"] = For(Roles.Scheduler),

        ["MigrationService/ClaimMigration"] = For(Roles.Scheduler),
        ["MigrationService/UpdateMigration"] = Own<UpdateMigrationRequest>((request, nodes) => nodes.NodeOfId(request.MigrationId), Roles.Scheduler),
        ["MigrationService/ConfirmMigration"] = For(Roles.Scheduler),
        ["MigrationService/RevertMigration"] = For(Roles.Scheduler),
        ["MigrationService/FailMigration"] = Own<FailMigrationRequest>((request, nodes) => nodes.NodeOfId(request.MigrationId), Roles.Scheduler),
        ["MigrationService/GetMigration"] =
            Own<GetMigrationRequest>((request, nodes) => nodes.NodeOfId(request.MigrationId), Roles.Scheduler, Roles.Viewer),
        ["MigrationService/ListMigrations"] = Own<ListMigrationsRequest>(request => request.NodeId, Roles.Scheduler, Roles.Viewer),

        ["AuditService/AuditNode"] = Own<AuditNodeRequest>(request => request.NodeId),
        ["AuditService/GetAudit"] = Own<GetAuditRequest>((request, nodes) => nodes.NodeOfId(request.AuditId), Roles.Scheduler, Roles.Viewer),
        ["AuditService/ListAudits"] = Own<ListAuditsRequest>(request => request.NodeId, Roles.Scheduler, Roles.Viewer),
        ["AuditService/ListEvents"] = Own<ListEventsRequest>(request => request.NodeId, Roles.Scheduler, Roles.Viewer),
        ["AuditService/WatchEvents"] = Own<WatchEventsRequest>(request => request.NodeId, Roles.Scheduler, Roles.Viewer),
        ["AuditService/ListRefusals"] = Own<ListRefusalsRequest>(request => request.NodeId, Roles.Scheduler, Roles.Viewer),
        ["AuditService/VerifyLedger"] = For(Roles.Viewer),
    }.ToFrozenDictionary(rule => Package + rule.Key, rule => rule.Value, StringComparer.Ordinal);

    /// <summary>The rule of a method. One without a rule keeps the service from starting: nothing is open by having been forgotten.</summary>
    public static AccessRule Of(string method) =>
        _rules.TryGetValue(method, out var rule) ? rule
        // The contract is no secret, and grpcurl asks for it before it can ask for health.
        : method.StartsWith("/grpc.health.v1.", StringComparison.Ordinal) || method.StartsWith("/grpc.reflection.", StringComparison.Ordinal)
            ? AccessRule.Open
        : throw new InvalidOperationException($"{method} has no rule of access.");

    private static AccessRule For(params ReadOnlySpan<Roles> roles) => new(Sum(roles));

    private static AccessRule Own<TRequest>(Func<TRequest, string?> nodeOf, params ReadOnlySpan<Roles> roles) =>
        Own<TRequest>((request, _) => nodeOf(request), roles);

    private static AccessRule Own<TRequest>(Func<TRequest, NodeOwnership, string?> nodeOf, params ReadOnlySpan<Roles> roles) =>
        new(Sum(roles) | Roles.Agent, (request, nodes) => nodeOf((TRequest)request, nodes));

    private static Roles Sum(ReadOnlySpan<Roles> roles)
    {
        var sum = Roles.Operator;
        foreach (var role in roles)
            sum |= role;
        return sum;
    }
}
