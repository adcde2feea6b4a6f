using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// What the host runs and no other claim holds, kept as observed claims, so that nobody else is promised it: of instances that cannot be adopted, of
/// those that are claimed elsewhere, and of those that have more than their claims here, as far as those cannot be corrected.
///
/// Each report decides anew. An observed claim lets go of everything before claims are corrected and instances adopted, for what it holds is its
/// instance's own; what is still unheld after that it takes again. One that comes out as it was is named in <see cref="Unchanged"/>: the audit is made
/// again with it in place, so that a host that stays as it is changes nothing, and so that nothing is admitted to its room.
/// </summary>
internal sealed class ObservedClaims
{
    private readonly AuditDraft _draft;
    private readonly Dictionary<InstanceId, long> _sequences;

    // What those that let go held, until it is decided what they hold now.
    private readonly Dictionary<InstanceId, Claim> _undecided = [];

    public ObservedClaims(AuditDraft draft)
    {
        _draft = draft;
        _sequences = draft.Node.Claims.Values.Where(claim => claim.Role == ClaimRole.Observed)
            .ToDictionary(claim => claim.Instance.Id, claim => claim.Id.Sequence);
    }

    /// <summary>Observed claims that let go and took the same again.</summary>
    public List<ClaimId> Unchanged { get; } = [];

    /// <summary>The observed claims that this report decides about let go of what they hold, but for those that are to stay in place.</summary>
    public void LetGo(IReadOnlySet<ClaimId> standing)
    {
        if (!_draft.Heals || _sequences.Count == 0)
            return;
        foreach (var seen in _draft.Observed.Instances)
        {
            if (Of(seen.Instance.Id) is not { } claim || standing.Contains(claim.Id) || IsNewer(claim))
                continue;
            _undecided.Add(seen.Instance.Id, claim);
            Change(claim, ResourceAmounts.Empty, Assignment.None, claim.Instance);
        }
    }

    /// <summary>Whether what is counted of the instance was decided after the picture was taken.</summary>
    public bool IsNewer(InstanceId instance) => Of(instance) is { } claim && IsNewer(claim);

    /// <summary>The node without what is counted of an instance.</summary>
    public NodeView Without(InstanceId instance) => Of(instance) is { } claim ? new NodeLedger(_draft.Node).Apply(EndOf(claim)).After : _draft.Node;

    /// <summary>Counts what the host runs of an instance and its other claims here do not hold. Gives the claim; null when there is nothing to count.</summary>
    public Claim? Count(ObservedInstance seen, IReadOnlyCollection<Claim> held)
    {
        var id = seen.Instance.Id;
        var known = Of(id);
        var (amounts, assignment) = UnheldUse.Of(Without(id), seen, held);
        if (amounts.Count == 0 && assignment.IsNone)
        {
            End(id);
            return null;
        }

        if (known is null)
            return Make(seen.Instance, amounts, assignment);
        var instance = ClaimCorrection.WithStates(known.Instance, seen.Instance);
        if (_undecided.Remove(id, out var former) && Is(former))
            Unchanged.Add(known.Id);
        return Is(known) ? known : Change(known, amounts, assignment, instance);

        bool Is(Claim claim) => claim.Amounts.Equals(amounts) && claim.Assignment == assignment && claim.Instance == instance;
    }

    /// <summary>Ends what is counted of an instance: its own claims hold what its host runs.</summary>
    public void End(InstanceId instance)
    {
        _undecided.Remove(instance);
        if (Of(instance) is { } claim)
            _draft.Apply(EndOf(claim));
    }

    /// <summary>Decides about what let go and was not met since, such as an instance whose claim has ended in this audit: it runs all the same.</summary>
    public void DecideRest(ILookup<InstanceId, Claim> claimed)
    {
        if (_undecided.Count == 0)
            return;
        foreach (var seen in _draft.Observed.Instances.Where(seen => _undecided.ContainsKey(seen.Instance.Id)))
            Count(seen, [.. claimed[seen.Instance.Id]]);
    }

    private Claim? Of(InstanceId instance) =>
        _sequences.TryGetValue(instance, out var sequence) ? _draft.Node.Claims.GetValueOrDefault(sequence) : null;

    // Judged as it was before the audit, which may have changed it itself.
    private bool IsNewer(Claim claim) =>
        _draft.Before.Claims.TryGetValue(claim.Id.Sequence, out var before) && before.Generation > _draft.Observed.Generation;

    private Claim Make(Instance instance, ResourceAmounts amounts, Assignment assignment)
    {
        var now = _draft.Order.Now;
        var claim = new Claim(_draft.Order.NextClaimId(), instance, ResourceRequest.Of(amounts), ClaimState.Active, null, now, now, "")
        {
            Role = ClaimRole.Observed,
            Assignment = assignment,
            Generation = _draft.NextGeneration,
        };
        _draft.Apply(new ClaimChanged(ChangeKind.InstanceCounted, now, null, claim, "its host runs it"));
        _sequences[instance.Id] = claim.Id.Sequence;
        return claim;
    }

    private Claim Change(Claim claim, ResourceAmounts amounts, Assignment assignment, Instance instance)
    {
        var after = claim with
        {
            Instance = instance,
            Request = ResourceRequest.Of(amounts),
            Assignment = assignment,
            UpdateTime = _draft.Order.Now,
            Generation = _draft.NextGeneration,
        };
        _draft.Apply(new ClaimChanged(ChangeKind.ClaimCorrected, _draft.Order.Now, claim, after, "its host runs it so"));
        return after;
    }

    private ClaimChanged EndOf(Claim claim) => ClaimRules.EndChange(
        claim, ChangeKind.ClaimReleased, ClaimState.Released, "its instance's own claims hold what its host runs", _draft.Order.Now, _draft.NextGeneration);
}
