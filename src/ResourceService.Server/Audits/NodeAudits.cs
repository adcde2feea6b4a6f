using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Server.Options;

namespace ResourceService.Server.Audits;

/// <summary>Audits nodes: each on its node's worker, between the changes before and after it.</summary>
internal sealed class NodeAudits(NodeDirectory nodes, FleetServices fleet, AuditOptions options)
{
    /// <summary>Compares a report with its node's ledger.</summary>
    /// <param name="id">The node.</param>
    /// <param name="mode">Whether to correct.</param>
    /// <param name="expectedGeneration">The generation the node must still have; null when it does not matter.</param>
    /// <param name="confirmedOrphans">How many orphaned claims the caller confirms.</param>
    /// <param name="observed">The report, made for the moment of the audit.</param>
    /// <param name="stamp">Who asks.</param>
    public ValueTask<CallResult<V1.AuditNodeResponse>> AuditAsync(
        NodeId id, AuditMode mode, long? expectedGeneration, int confirmedOrphans, Func<Instant, ObservedNode> observed, RequestStamp stamp) =>
        NamedNodes.AskAsync(id, nodes.Find, worker => AuditAsync(worker, id, mode, expectedGeneration, confirmedOrphans, observed, stamp));

    private async ValueTask<CallResult<V1.AuditNodeResponse>> AuditAsync(
        NodeWorker worker, NodeId id, AuditMode mode, long? expectedGeneration, int confirmedOrphans, Func<Instant, ObservedNode> observed, RequestStamp stamp)
    {
        var key = worker.View.NodeKey;
        var auditId = nodes.NextAuditId(key);
        var adoption = new Adoption(fleet.Instances);
        var outcome = await NodeStep.RunAsync(() =>
        {
            var gathered = fleet.Now;
            return new NodeStep(fleet, stamp, worker, NamedNodes.IfNamed(id, Decide), Reply)
            {
                MayEnd = migration => migration.LeaseEnd <= gathered,
                Undo = adoption.Leave,
            };
        });
        return CallResult<V1.AuditNodeResponse>.Of(outcome, id.Value);

        Decision Decide(NodeView node)
        {
            var now = fleet.Now;
            var order = new AuditOrder(
                auditId, mode, stamp.Actor, expectedGeneration, now, now.Add(-TimeSpan.FromMinutes(options.StaleMigrationMinutes)),
                new OrphanBounds(confirmedOrphans, options.UnconfirmedOrphansMax, options.UnconfirmedOrphanPercent), ClaimsOf, () => nodes.NextClaimId(key));
            return adoption.Enter(() => DriftRules.Audit(node, observed(now), order));
        }

        V1.AuditNodeResponse Reply(NodeView node, Decision decision) =>
            new() { Audit = AuditMapping.ToContract(((NodeAudited)decision.Changes[^1]).Audit, id.Value) };
    }

    private HeldClaims ClaimsOf(InstanceId instance) =>
        fleet.Instances.TryFind(instance, out var held) ? new HeldClaims(held.Primary, held.MoveTarget) : default;

    /// <summary>
    /// Enters the claims that an audit makes right before they are applied, as any new claim is entered. When somebody claimed one of the instances
    /// elsewhere meanwhile, the audit is decided anew and finds it there.
    /// </summary>
    private sealed class Adoption(InstanceRegistry registry)
    {
        // The node waits meanwhile. Each round somebody else really claimed one of the instances.
        private const int RoundsMax = 1_000;

        private readonly List<Claim> _entered = [];

        public Decision Enter(Func<Decision> decide)
        {
            for (var round = 0; round < RoundsMax; round++)
            {
                var decision = decide();
                if (decision.Changes.OfType<ClaimChanged>().Where(change => change.Before is null).All(change => TryEnter(change.After)))
                    return decision;
                Leave();
            }

            throw new InvariantBrokenException($"Broken invariant: an audit finds the claims that stand in its way within {RoundsMax} rounds.");
        }

        public void Leave()
        {
            foreach (var claim in _entered)
                registry.Leave(claim.Instance.Id, claim.Id);
            _entered.Clear();
        }

        private bool TryEnter(Claim claim)
        {
            if (!(claim.Role == ClaimRole.Observed
                ? registry.Put(claim.Instance.Id, claim.Id, claim.Role)
                : registry.TryEnter(claim.Instance.Id, claim.Id)))
                return false;
            _entered.Add(claim);
            return true;
        }
    }
}
