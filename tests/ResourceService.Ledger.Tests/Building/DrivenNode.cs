using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Tests.Building;

/// <summary>
/// One node driven as its worker drives it: the rules decide on the newest picture, the ledger applies what they accept. Gathers the changes
/// since the last <see cref="TakeChanges"/>.
/// </summary>
internal sealed class DrivenNode
{
    // Sequences are unique in a store: each node numbers its claims in a range of its own.
    private const long SequencesPerNode = 1_000_000;

    private readonly List<AppliedChange> _changes = [];
    private NodeView _takenFrom;
    private long _lastSequence;

    public DrivenNode(NodeView view)
    {
        Ledger = new NodeLedger(view);
        _takenFrom = view;
        _lastSequence = Math.Max(view.NodeKey * SequencesPerNode, view.Claims.Count == 0 ? 0 : view.Claims.Keys.Max());
    }

    public NodeLedger Ledger { get; }

    public NodeView View => Ledger.View;

    public IReadOnlyList<AppliedChange> Changes => _changes;

    /// <summary>A registered node; its registration is a change like any other.</summary>
    public static DrivenNode Registered(NodeSpec? spec = null, int nodeKey = 1)
    {
        spec ??= Sample.Spec();
        var node = new DrivenNode(NodeView.Unregistered(nodeKey, spec.Id));
        node.Apply(NodeRules.Register(node.View, spec, null, Sample.Now));
        return node;
    }

    /// <summary>The node as the store knows it; ids of claims that may be lost are not given again.</summary>
    public DrivenNode RestartedFrom(NodeView stored) => new(stored) { _lastSequence = _lastSequence };

    public Decision Decide(Func<NodeView, Decision> rule) => Apply(rule(View));

    public Decision Apply(Decision decision)
    {
        foreach (var change in decision.Changes)
            _changes.Add(Ledger.Apply(change));
        return decision;
    }

    public ClaimId NextClaimId() => new(View.NodeKey, ++_lastSequence);

    public Decision TryClaim(string instance, ResourceAmounts amounts, Instant? leaseEnd = null)
    {
        var candidate = Sample.HeldClaim(NextClaimId(), Sample.Instance(instance), amounts, leaseEnd);
        return Apply(ClaimRules.Claim(View, Sample.Request(amounts), null, candidate));
    }

    /// <summary>Claims what is known to fit.</summary>
    public Claim Claim(string instance, ResourceAmounts amounts, Instant? leaseEnd = null) =>
        ((ClaimChanged)TryClaim(instance, amounts, leaseEnd).Changes[0]).After;

    public Claim Confirm(Claim claim)
    {
        Decide(node => ClaimRules.Confirm(node, claim.Id, null, Sample.Now));
        return View.Claims[claim.Id.Sequence];
    }

    public void Release(Claim claim) => Decide(node => ClaimRules.Release(node, claim.Id, null, "deleted", Sample.Now));

    /// <summary>What changed since the last call: the picture it started from and the changes in order.</summary>
    public (NodeView Before, IReadOnlyList<AppliedChange> Changes) TakeChanges()
    {
        var taken = (_takenFrom, _changes.ToArray());
        _takenFrom = View;
        _changes.Clear();
        return taken;
    }
}
