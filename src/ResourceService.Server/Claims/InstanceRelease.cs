using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Claims;

/// <summary>
/// The release of an instance that hosts were seen to run where it holds nothing: its own claims and the observed ones end in one decision, on
/// whichever nodes they are.
/// </summary>
internal sealed class InstanceRelease : GroupDecision
{
    private readonly InstanceId _instance;
    private readonly string _reason;
    private readonly NodeDirectory _nodes;
    private readonly IEnumerable<ClaimId> _known;

    private InstanceRelease(
        InstanceId instance, string reason, IEnumerable<ClaimId> known, FleetServices fleet, NodeDirectory nodes, RequestStamp stamp)
        : base(fleet, stamp) =>
        (_instance, _reason, _known, _nodes) = (instance, reason, known, nodes);

    /// <summary>The release of an instance; null when no host was seen to run it where it holds nothing.</summary>
    public static InstanceRelease? Of(InstanceId instance, string reason, FleetServices fleet, NodeDirectory nodes, RequestStamp stamp)
    {
        if (fleet.Instances.ObservedOf(instance) is not { IsEmpty: false } observed)
            return null;
        fleet.Instances.TryFind(instance, out var held);
        return new InstanceRelease(instance, reason, [.. held.Claims(), .. observed], fleet, nodes, stamp);
    }

    /// <summary>Ends the claims, or is refused when there is none any more, or when one is on a node that was not known before.</summary>
    public Task<CommandOutcome> PostAsync() => PostAsync(_known.Select(claim => _nodes.Find(claim.NodeKey)!));

    /// <inheritdoc/>
    protected override CommandOutcome DecideOn(IReadOnlyDictionary<int, GroupMember> members)
    {
        Fleet.Instances.TryFind(_instance, out var held);
        var observed = Fleet.Instances.ObservedOf(_instance);
        var copies = members.ToDictionary(member => member.Key, member => new NodeLedger(member.Value.Before));
        var changes = new List<(int NodeKey, LedgerChange Change)>();
        if (held.Claims().Concat(observed).All(claim => copies.ContainsKey(claim.NodeKey)))
        {
            Release(held, copies, changes);
            foreach (var claim in observed)
                Add(claim.NodeKey, ClaimRules.Release(copies[claim.NodeKey].View, claim, null, _reason, Fleet.Now).Changes, copies, changes);
        }

        if (changes.Count == 0)
            return new CommandOutcome(CommandStatus.Refused, Refusal: ClaimRules.NotLive(_known.First()));
        var released = changes.OrderBy(change => change.Change.ClaimAfter!.Role)
            .Select(change => ContractMapping.ToContract(change.Change.ClaimAfter!, copies[change.NodeKey].View.Id));
        return Accept(members, changes, () => new V1.ReleaseInstanceResponse { Claims = { released } });
    }

    /// <inheritdoc/>
    protected override void TakeBack()
    {
        // Nothing was entered.
    }

    private void Release(Holding held, Dictionary<int, NodeLedger> copies, List<(int NodeKey, LedgerChange Change)> changes)
    {
        if (held.MoveTarget is { } target)
        {
            var source = held.Primary?.NodeKey ?? target.NodeKey;
            var ended = MigrationRules.Release(copies[target.NodeKey].View, target, copies[source].View, held.Primary, _reason, Fleet.Now);
            Add(target.NodeKey, ended.OnTarget, copies, changes);
            Add(source, ended.OnSource, copies, changes);
        }
        else if (held.Primary is { } primary)
        {
            Add(primary.NodeKey, ClaimRules.Release(copies[primary.NodeKey].View, primary, null, _reason, Fleet.Now).Changes, copies, changes);
        }
    }

    private static void Add(
        int nodeKey, ValueList<LedgerChange> ends, Dictionary<int, NodeLedger> copies, List<(int NodeKey, LedgerChange Change)> changes)
    {
        foreach (var change in ends)
        {
            copies[nodeKey].Apply(change);
            changes.Add((nodeKey, change));
        }
    }
}
