using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// An audit while it is made: the drifts found so far, the changes that heal them, and the node as it is after those changes, so that each
/// correction is judged on what the ones before it left. The node is a draft of its own; the worker applies the changes once more.
/// </summary>
internal sealed class AuditDraft
{
    private readonly NodeLedger _ledger;
    private readonly List<LedgerChange> _changes = [];
    private readonly List<Drift> _drifts = [];

    // Why something was left alone, where more is known than what was done, by the place of the drift.
    private readonly Dictionary<int, string> _reasons = [];

    public AuditDraft(NodeView node, ObservedNode observed, AuditOrder order)
    {
        _ledger = new NodeLedger(node);
        Before = node;
        Observed = observed;
        Order = order;
    }

    /// <summary>The node before the audit.</summary>
    public NodeView Before { get; }

    /// <summary>What the agent saw.</summary>
    public ObservedNode Observed { get; }

    /// <summary>What the audit is to do.</summary>
    public AuditOrder Order { get; }

    /// <summary>Whether it corrects.</summary>
    public bool Heals => Order.Mode == AuditMode.Heal;

    /// <summary>The node after the corrections so far.</summary>
    public NodeView Node => _ledger.View;

    /// <summary>The generation of the next change.</summary>
    public long NextGeneration => Node.Generation + 1;

    /// <summary>Adds a drift, with a sentence that says what differs, and tells its place.</summary>
    public int Add(Drift drift)
    {
        _drifts.Add(drift);
        return _drifts.Count - 1;
    }

    /// <summary>Says what was done about a drift after all.</summary>
    public void Settle(int place, DriftAction action) => _drifts[place] = _drifts[place] with { Action = action };

    /// <summary>Says why a drift was left alone, in a clause that follows "because".</summary>
    public void Explain(int place, string reason) => _reasons[place] = reason;

    /// <summary>Corrects something.</summary>
    public void Apply(LedgerChange change)
    {
        _ledger.Apply(change);
        _changes.Add(change);
    }

    /// <summary>Compares the rest with the node as it would be after a change that the audit does not make.</summary>
    public void Assume(LedgerChange change) => _ledger.Apply(change);

    /// <summary>What is done about a drift that can be healed, as far as it follows from what is known of the claim.</summary>
    /// <param name="claim">The claim concerned.</param>
    /// <param name="inFlight">Whether the claim is under lease or in a move.</param>
    /// <param name="healed">What is done when nothing speaks against it.</param>
    public DriftAction Judge(Claim claim, bool inFlight, DriftAction healed) =>
        !Heals ? DriftAction.Reported
        : inFlight ? DriftAction.SkippedInFlight
        : claim.Generation > Observed.Generation ? DriftAction.SkippedChangedSince
        : healed;

    /// <summary>The audit with its changes; the audit itself is the last of them.</summary>
    public Decision Finish()
    {
        var generation = Before.Generation + _changes.Count;
        var audit = new Audit(
            Order.Id, Order.Mode, Order.Now, Observed.ObserveTime, Observed.Generation, generation, Order.Actor, Observed.Instances.Count,
            _drifts.Count, _drifts.Count(drift => drift.IsHealed), ValueList.From(Told()));
        return new Decision(ValueList.From(_changes.Append(new NodeAudited(Order.Now, audit))), null);
    }

    // The first of them, as far as an audit may grow.
    private IEnumerable<Drift> Told()
    {
        var bytes = 0;
        return _drifts.Take(Audit.DriftsMax).Select(Complete).TakeWhile(drift => (bytes += DriftText.SizeOf(drift)) <= Audit.DriftBytesMax);
    }

    private Drift Complete(Drift drift, int place) => drift with
    {
        Detail = $"{drift.Detail}: {(_reasons.TryGetValue(place, out var reason) ? $"left alone, because {reason}" : Because(drift.Action))}.",
    };

    private string Because(DriftAction action) => action switch
    {
        DriftAction.InventoryUpdated => "what the host has is registered now",
        DriftAction.ClaimReleased => "the claim was ended",
        DriftAction.InstanceAdopted => "the instance was given a claim",
        DriftAction.ClaimCorrected => "the claim was corrected",
        DriftAction.MigrationEnded => "the move was ended",
        DriftAction.SkippedInFlight => "left alone, because the claim is under lease or its instance is moving",
        DriftAction.SkippedChangedSince => "left alone, because the ledger changed after the picture was taken",
        DriftAction.SkippedDoesNotFit => "left alone, because the correction does not fit on the node",
        DriftAction.SkippedUnconfirmed => "left alone, because so many are released only if confirmed_orphan_count is at least their number",
        DriftAction.Counted => "not adopted, but counted against new claims",
        _ => Heals ? "reported only, because no correction is safe" : "reported only, because the mode is REPORT",
    };
}
