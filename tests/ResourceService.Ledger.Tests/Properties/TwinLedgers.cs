using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Properties;

/// <summary>One node and its model, given the same operations; after each, everything that must be true is checked.</summary>
internal sealed class TwinLedgers(int nodeKey = 1)
{
    private static readonly string[] _classes = [ResourceClass.Vcpu.Name, ResourceClass.MemoryMb.Name, ResourceClass.DiskGb.Name];
    private static readonly NodeState[] _states = [NodeState.Enabled, NodeState.Disabled, NodeState.Draining];

    private readonly ModelLedger _model = new();
    private readonly List<ClaimId> _given = [];
    private Instant _now = Sample.Now;

    public DrivenNode Node { get; } = new(NodeView.Unregistered(nodeKey, new NodeId($"node-{nodeKey}")));

    public int Refusals { get; private set; }

    public int Overages { get; private set; }

    public void Run(Operation operation)
    {
        var before = Node.View;
        var (decision, expected) = Decide(operation, before);
        Node.Apply(decision);

        var outcome = decision.Refusal is not null ? ModelLedger.Outcome.Refused
            : decision.Changes.Count == 0 ? ModelLedger.Outcome.Unchanged
            : ModelLedger.Outcome.Changed;
        Assert.Equal(expected, outcome);
        Assert.True(outcome == ModelLedger.Outcome.Changed || ReferenceEquals(before, Node.View), "refused and repeated requests change nothing");
        Assert.Equal(before.Generation + decision.Changes.Count, Node.View.Generation);
        AssertEqualToModel();
        AssertCapacityKept(before, Node.View);
        Refusals += decision.Refusal is null ? 0 : 1;
    }

    private (Decision Decision, ModelLedger.Outcome Expected) Decide(Operation operation, NodeView node)
    {
        var (id, nowMs) = (Pick(operation), _now.UnixMs);
        switch (operation.Kind)
        {
            case OperationKind.Claim:
                return Claim(operation, node);
            case OperationKind.Confirm:
                return (ClaimRules.Confirm(node, id, null, _now), _model.Confirm(id.Sequence, nowMs));
            case OperationKind.Renew:
                var end = _now.Add(TimeSpan.FromMinutes(operation.Minutes));
                return (ClaimRules.Renew(node, id, null, end, _now), _model.Renew(id.Sequence, end.UnixMs, nowMs));
            case OperationKind.Abort:
                return (ClaimRules.Abort(node, id, null, "", _now), _model.Abort(id.Sequence));
            case OperationKind.Release:
                return (ClaimRules.Release(node, id, null, "", _now), _model.Release(id.Sequence));
            case OperationKind.Expire:
                _now = _now.Add(TimeSpan.FromMinutes(operation.Minutes));
                return (ClaimRules.Expire(node, _now), _model.Expire(_now.UnixMs));
            case OperationKind.Register:
                return Register(operation, node);
            case OperationKind.SetState:
                var state = _states[operation.Pick % _states.Length];
                return (NodeRules.SetState(node, state, "", null, _now), _model.SetState(state.ToString()));
            case OperationKind.Delete:
                var force = operation.Pick % 4 == 0;
                return (NodeRules.Delete(node, force, "", null, _now), _model.Delete(force));
            default:
                throw new ArgumentOutOfRangeException(nameof(operation), operation.Kind, "The operation is unknown.");
        }
    }

    private (Decision Decision, ModelLedger.Outcome Expected) Claim(Operation operation, NodeView node)
    {
        var amounts = new Dictionary<string, long>(StringComparer.Ordinal) { [_classes[0]] = operation.Vcpus, [_classes[1]] = operation.MemoryMb };
        if (operation.Pick % 10 == 0)
            amounts[_classes[2]] = 1;
        var request = Sample.Request(ResourceAmounts.From(amounts.Select(pair => new ResourceAmount(new ResourceClass(pair.Key), pair.Value))));
        AssertFirstRefusalAgreesWithExplain(node, request);

        var id = new ClaimId(nodeKey, (nodeKey * 1_000L) + _given.Count + 1);
        _given.Add(id);
        var end = _now.Add(TimeSpan.FromMinutes(operation.Minutes));
        var candidate = Sample.HeldClaim(id, Sample.Instance($"instance-{id.Sequence}"), request.Amounts, end);
        return (ClaimRules.Claim(node, request, null, candidate), _model.Claim(id.Sequence, amounts, end.UnixMs));
    }

    // Totals grow and shrink; every fourth report leaves out DISK_GB, which a claim may use.
    private (Decision Decision, ModelLedger.Outcome Expected) Register(Operation operation, NodeView node)
    {
        var inventories = new Dictionary<string, Inventory>(StringComparer.Ordinal)
        {
            [_classes[0]] = Sample.Inventory(operation.Vcpus, ratio: operation.Pick % 2 == 0 ? 4.0 : 1.15),
            [_classes[1]] = Sample.Inventory(operation.MemoryMb * 4, reserved: operation.MemoryMb / 2, minUnit: 2, stepSize: operation.Pick % 3 == 0 ? 2 : 1),
        };
        if (operation.Pick % 4 != 0)
            inventories[_classes[2]] = Sample.Inventory(3);
        var spec = NodeSpec.Unknown(node.Id) with
        {
            Inventories = InventoryTable.From(inventories.Select(pair => KeyValuePair.Create(new ResourceClass(pair.Key), pair.Value))),
        };
        return (NodeRules.Register(node, spec, null, _now), _model.Register(inventories));
    }

    private ClaimId Pick(Operation operation) => _given.Count == 0 ? new ClaimId(nodeKey, 0) : _given[operation.Pick % _given.Count];

    private void AssertEqualToModel()
    {
        var node = Node.View;
        Assert.Equal((_model.State, _model.Generation, _model.FailedBuilds), (node.State.ToString(), node.Generation, node.FailedBuilds));
        Assert.All(_classes, name => Assert.Equal(_model.Used(name), node.UsedByClass().Of(new ResourceClass(name))));
        Assert.Equal(
            _model.Claims.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value.LeaseEndMs)),
            node.Claims.Values.Select(claim => (claim.Id.Sequence, claim.LeaseEnd?.UnixMs)));
        Assert.All(node.Claims.Values, claim => Assert.Equal(claim.LeaseEnd is null, claim.State == ClaimState.Active));
        Assert.Empty(LedgerInvariants.Verify(node));
    }

    private void AssertCapacityKept(NodeView before, NodeView after)
    {
        for (var i = 0; i < after.Spec.Inventories.Count; i++)
        {
            if (after.FreeAt(i) >= 0)
                continue;
            Overages++;
            var resourceClass = after.Spec.Inventories.Classes[i];
            var shrank = !ReferenceEquals(before.Spec, after.Spec);
            Assert.True(shrank || after.Used[i] <= before.UsedByClass().Of(resourceClass), $"{resourceClass} is used beyond capacity by a claim");
        }
    }

    private static void AssertFirstRefusalAgreesWithExplain(NodeView node, ResourceRequest request)
    {
        var refused = FitRules.Explain(node, request);
        Assert.Equal(refused.Count == 0 ? RefusalReason.None : refused[0].Reason, FitRules.Fit(node, request, out _));
    }
}
