using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>The instances on the host that hold no claim on the node.</summary>
internal static class InstanceDrift
{
    public static void Find(AuditDraft draft)
    {
        var claimed = draft.Node.Claims.Values.Select(claim => claim.Instance.Id).ToHashSet();
        // An instance whose claim has ended since the picture is in the picture and must not come back.
        var hasEnded = draft.Before.LastEndGeneration > draft.Observed.Generation;
        foreach (var seen in draft.Observed.Instances)
        {
            if (claimed.Contains(seen.Instance.Id) || seen.Unreadable.HasFlag(InstanceParts.Name))
                continue;
            var held = draft.Order.ClaimsOf(seen.Instance.Id);
            if ((held.Primary ?? held.MoveTarget) is { } elsewhere && elsewhere.NodeKey != draft.Node.NodeKey)
                AddMisplaced(draft, seen, elsewhere, hasEnded);
            else
                // What it still holds here has ended in this audit, or a moment ago.
                AddUntracked(draft, seen, isChanging: hasEnded || held != default);
        }
    }

    private static void AddMisplaced(AuditDraft draft, ObservedInstance seen, ClaimId elsewhere, bool hasEnded) => draft.Add(new Drift(
        DriftKind.MisplacedInstance,
        draft.Heals && hasEnded ? DriftAction.SkippedChangedSince : DriftAction.Reported,
        "on another node",
        "on this host",
        $"Instance {seen.Instance.Id} is on this host, and holds claim {elsewhere} on another node")
    {
        Instance = seen.Instance.Id,
        Claim = elsewhere,
    });

    private static void AddUntracked(AuditDraft draft, ObservedInstance seen, bool isChanging)
    {
        var sentence = $"Instance {seen.Instance.Id} is on the host and holds no claim";
        var action = DriftAction.Reported;
        Claim? adopted = null;
        if (!seen.CanBeAdopted)
            sentence += ", and the report does not tell what it has";
        else if (draft.Heals && isChanging)
            action = DriftAction.SkippedChangedSince;
        else if (draft.Heals)
            action = (adopted = Adopt(draft, seen)) is null ? DriftAction.SkippedDoesNotFit : DriftAction.InstanceAdopted;

        draft.Add(new Drift(DriftKind.UntrackedInstance, action, "not on the host", "on the host", sentence)
        {
            Instance = seen.Instance.Id,
            Claim = adopted?.Id,
        });
    }

    private static Claim? Adopt(AuditDraft draft, ObservedInstance seen)
    {
        var node = draft.Node;
        if (!Room.HasAmounts(node, ResourceAmounts.Empty, seen.Amounts) || !Room.HasDevices(node, seen.DeviceAddresses))
            return null;
        // A host without a topology has no cells to give; only CPUs of its own an instance cannot do without.
        ValueList<Numa.CellAssignment> cells = [];
        if (seen.Cells.Count > 0 && (node.Spec.Numa is not null || seen.Cells.Any(ClaimDifference.OwnsCpus)))
        {
            if (Room.CellsOf(node, held: [], known: [], seen, asked: null) is not { } found)
                return null;
            cells = found;
        }

        var now = draft.Order.Now;
        var claim = new Claim(
            draft.Order.NextClaimId(), seen.Instance, ResourceRequest.Of(seen.Amounts), ClaimState.Active, null, now, now, "")
        {
            Assignment = new Assignment(cells, ValueList.From(ClaimCorrection.Attached(node, seen.DeviceAddresses))),
            Generation = draft.NextGeneration,
        };
        draft.Apply(new ClaimChanged(ChangeKind.InstanceAdopted, now, null, claim, "found on its host"));
        return claim;
    }
}
