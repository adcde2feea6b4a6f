using ResourceService.Load.Checking;
using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Soaking;

/// <summary>
/// Compares the books with the ledger while nothing is in flight: claims, use of each node, moves in flight, VerifyLedger, and what an audit says about
/// hosts that run exactly what the books say.
/// </summary>
internal sealed class SoakChecks(SoakClients clients, SoakFleet fleet, IReadOnlyList<SoakCaller> callers, RandomSequence random)
{
    private const int AuditedNodeCount = 16;

    private readonly LedgerCheck _ledger = new(
        new LedgerListing(clients.Nodes, clients.Claims, clients.Calls), clients.Audits, clients.Calls,
        () => [.. callers.SelectMany(caller => caller.Record.Claims)]);

    private int _auditCount;

    public int PassedCount { get; private set; }

    public string LastVerification => _ledger.LastVerification;

    public async Task<IReadOnlyList<string>> RunAsync(string when)
    {
        var violations = new List<string>(await _ledger.RunAsync(when, verify: true));
        violations.AddRange(await CompareMovesAsync(when));
        foreach (var nodeId in Enumerable.Range(0, AuditedNodeCount).Select(_ => fleet.PickNode(random)).Distinct(StringComparer.Ordinal))
        {
            violations.AddRange(await AuditAsync(when, nodeId));
        }
        PassedCount += violations.Count == 0 ? 1 : 0;
        return violations;
    }

    private async Task<IReadOnlyList<string>> CompareMovesAsync(string when)
    {
        var known = Instances().Where(instance => instance.Move is not null).ToDictionary(instance => instance.Move!.MigrationId, StringComparer.Ordinal);
        var violations = new List<string>();
        var request = new ListMigrationsRequest { PageSize = 1000 };
        do
        {
            var page = await clients.CallAsync(options => clients.Migrations.ListMigrationsAsync(request, options));
            foreach (var move in page.Migrations)
            {
                if (!known.Remove(move.MigrationId, out var instance))
                {
                    violations.Add($"{when}: {move.MigrationId} of {move.InstanceId} is in flight, but was ended or never acknowledged.");
                }
                else if (instance.Move!.State != move.State || instance.Claim.ClaimId != move.SourceClaimId)
                {
                    violations.Add($"{when}: {instance.Move} from {instance.Claim} is listed as {move}.");
                }
            }
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        violations.AddRange(known.Values.Select(instance => $"{when}: LOST: {instance.Move} was acknowledged and is not listed."));
        return violations;
    }

    private async Task<IEnumerable<string>> AuditAsync(string when, string nodeId)
    {
        var node = await clients.CallAsync(options => clients.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = nodeId }, options));
        var report = new AuditNodeRequest
        {
            NodeId = nodeId,
            ObservedGeneration = node.Node.Generation,
            Mode = AuditMode.Report,
            RequestId = new StepIds(_auditCount++, startRevision: 0).Of(nodeId, "check"),
        };
        foreach (var instance in Instances().Where(instance => instance.Claim.NodeId == nodeId && instance.Claim.State == ClaimState.Active))
        {
            var observed = new ObservedInstance { Instance = new Instance { InstanceId = instance.InstanceId } };
            // What an instance has while it is resized in place depends on the moment.
            if (instance.Move is null)
            {
                observed.Resources.Add(instance.Claim.Resources.ToDictionary(StringComparer.Ordinal));
            }
            report.Instances.Add(observed);
        }
        var answer = await clients.CallAsync(options => clients.Audits.AuditNodeAsync(report, options));
        return answer.Audit.Drifts.Select(drift => $"{when}: audit of {nodeId}: {drift.Kind}: {drift.Detail}");
    }

    private IEnumerable<SoakInstance> Instances() => callers.SelectMany(caller => caller.Record.Live);
}
