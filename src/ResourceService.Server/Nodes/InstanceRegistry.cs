using System.Collections.Concurrent;
using System.Collections.Immutable;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Nodes;

/// <summary>
/// Which claims each instance holds, fleet-wide: at most one primary claim and one target of a move, and apart from those any observed claims, at most
/// one on each node, which keep nobody from claiming for the instance. A worker enters a claim here right before it
/// applies it; a claim is taken out, or changes its part, when that is durable. So an instance never holds two of one part, whatever becomes of
/// the commits. A move is entered only while the source's worker is parked: who owns the source's ledger sees every move of the instances there.
/// </summary>
internal sealed class InstanceRegistry
{
    private readonly ConcurrentDictionary<InstanceId, Holding> _holdings = new();

    // Few instances are observed where they hold nothing: they are kept apart, so that the others stay small.
    private readonly ConcurrentDictionary<InstanceId, ImmutableArray<ClaimId>> _observed = new();

    /// <summary>Enters the claim of an instance that holds nothing; false when it holds something already.</summary>
    public bool TryEnter(InstanceId instance, ClaimId claim) => _holdings.TryAdd(instance, new Holding(claim, null));

    /// <summary>Enters the target of a move; false when the instance moves already, or when the source is not its primary claim.</summary>
    public bool TryEnterMove(InstanceId instance, ClaimId source, ClaimId target) =>
        _holdings.TryUpdate(instance, new Holding(source, target), new Holding(source, null));

    /// <summary>What the instance holds; it may not be durable yet.</summary>
    public bool TryFind(InstanceId instance, out Holding holding) => _holdings.TryGetValue(instance, out holding);

    /// <summary>What hosts were seen to run of the instance, by ascending sequence; it may not be durable yet, or have ended a moment ago.</summary>
    public ImmutableArray<ClaimId> ObservedOf(InstanceId instance) => _observed.TryGetValue(instance, out var claims) ? claims : [];

    /// <summary>What a node was seen to run of the instance; null when nothing is known of it.</summary>
    public ClaimId? ObservedOf(InstanceId instance, int nodeKey)
    {
        foreach (var claim in ObservedOf(instance))
        {
            if (claim.NodeKey == nodeKey)
                return claim;
        }

        return null;
    }

    /// <summary>Whether a claim is known to be held by its instance, in its part.</summary>
    public bool Knows(Claim claim) => claim.Role == ClaimRole.Observed
        ? ObservedOf(claim.Instance.Id).Contains(claim.Id)
        : TryFind(claim.Instance.Id, out var held) && held[claim.Role] == claim.Id;

    /// <summary>Whether an instance is known to hold a claim, in whatever part.</summary>
    public bool Holds(InstanceId instance, ClaimId claim) =>
        ObservedOf(instance).Contains(claim) || (TryFind(instance, out var held) && held.Claims().Contains(claim));

    /// <summary>Every claim that an instance holds, while others come and go.</summary>
    public IEnumerable<(InstanceId Instance, ClaimId Claim)> All => _holdings.SelectMany(entry => entry.Value.Claims().Select(claim => (entry.Key, claim)))
        .Concat(_observed.SelectMany(entry => entry.Value.Select(claim => (entry.Key, claim))));

    /// <summary>Says which part a durable claim plays; false when another claim played it until now.</summary>
    public bool Put(InstanceId instance, ClaimId claim, ClaimRole role)
    {
        if (role == ClaimRole.Observed)
        {
            _observed.AddOrUpdate(
                instance,
                static (_, added) => [added],
                static (_, known, added) => known.Contains(added) ? known : [.. known.Append(added).OrderBy(id => id.Sequence)],
                claim);
            return true;
        }

        while (true)
        {
            var known = _holdings.TryGetValue(instance, out var before);
            var after = before.With(claim, role);
            if (after == before || (known ? _holdings.TryUpdate(instance, after, before) : _holdings.TryAdd(instance, after)))
                return before[role] is not { } other || other == claim;
        }
    }

    /// <summary>Takes a claim out. Another claim of the same instance stays.</summary>
    public void Leave(InstanceId instance, ClaimId claim)
    {
        while (_observed.TryGetValue(instance, out var known) && known.Contains(claim))
        {
            var left = known.Remove(claim);
            if (left.IsEmpty ? _observed.TryRemove(KeyValuePair.Create(instance, known)) : _observed.TryUpdate(instance, left, known))
                return;
        }

        while (_holdings.TryGetValue(instance, out var before))
        {
            var after = before.Without(claim);
            if (after == before
                || (after == default ? _holdings.TryRemove(KeyValuePair.Create(instance, before)) : _holdings.TryUpdate(instance, after, before)))
                return;
        }
    }

    /// <summary>Exchanges what a thrown-away picture of a node entered for what the store knows.</summary>
    public void Exchange(NodeView thrownAway, NodeView restored)
    {
        foreach (var claim in thrownAway.Claims.Values)
        {
            if (!restored.Claims.ContainsKey(claim.Id.Sequence))
                Leave(claim.Instance.Id, claim.Id);
        }

        // A confirm that turned out durable shows in the parts: the target is the primary claim then, whichever node is read again first.
        foreach (var claim in restored.Claims.Values)
            Put(claim.Instance.Id, claim.Id, claim.Role);
    }
}

/// <summary>The claims of one instance. Small, because there is one for each instance: no claim has the sequence 0.</summary>
internal readonly record struct Holding
{
    private readonly ClaimId _primary;
    private readonly ClaimId _moveTarget;

    public Holding(ClaimId? primary, ClaimId? moveTarget)
    {
        _primary = primary ?? default;
        _moveTarget = moveTarget ?? default;
    }

    /// <summary>Where it lives; null only while its node is gone and it moves away from there.</summary>
    public ClaimId? Primary => OrNull(_primary);

    /// <summary>Where it moves to.</summary>
    public ClaimId? MoveTarget => OrNull(_moveTarget);

    /// <summary>The claim that plays a part.</summary>
    public ClaimId? this[ClaimRole role] => role == ClaimRole.MoveTarget ? MoveTarget : Primary;

    /// <summary>The claims, in the order of their sequences.</summary>
    public IEnumerable<ClaimId> Claims() => new[] { Primary, MoveTarget }.OfType<ClaimId>().OrderBy(claim => claim.Sequence);

    /// <summary>The primary claim; without one the target of the move.</summary>
    public ClaimId First => Primary ?? _moveTarget;

    /// <summary>With a claim in a part, and in no other.</summary>
    public Holding With(ClaimId claim, ClaimRole role) =>
        role == ClaimRole.MoveTarget ? new Holding(Primary, claim) : new Holding(claim, claim == _moveTarget ? null : MoveTarget);

    /// <summary>Without a claim.</summary>
    public Holding Without(ClaimId claim) => new(claim == _primary ? null : Primary, claim == _moveTarget ? null : MoveTarget);

    private static ClaimId? OrNull(ClaimId claim) => claim.Sequence == 0 ? null : claim;
}
