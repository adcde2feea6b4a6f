using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// The instances on the host that hold no claim on the node: adopted where they fit, and else counted, for they run all the same. So is what others
/// have beyond their claims, where those could not be corrected.
/// </summary>
internal static class InstanceDrift
{
    public static void Find(AuditDraft draft, ObservedClaims observed)
    {
        var claimed = draft.Node.Claims.Values.Where(claim => claim.Role != ClaimRole.Observed).ToLookup(claim => claim.Instance.Id);
        // An instance whose claim has ended since the picture is in the picture and must not come back.
        var hasEnded = draft.Before.LastEndGeneration > draft.Observed.Generation;
        foreach (var seen in draft.Observed.Instances)
        {
            // A name that no claim can have is told of elsewhere.
            if (claimed.Contains(seen.Instance.Id) || seen.Unreadable.HasFlag(InstanceParts.Name))
                continue;
            var held = draft.Order.ClaimsOf(seen.Instance.Id);
            if ((held.Primary ?? held.MoveTarget) is { } elsewhere && elsewhere.NodeKey != draft.Node.NodeKey)
                AddMisplaced(draft, observed, seen, elsewhere, isChanging: hasEnded);
            else
                // What it still holds here has ended in this audit, or a moment ago.
                AddUntracked(draft, observed, seen, isChanging: hasEnded || held != default);
        }

        if (!draft.Heals)
            return;
        foreach (var seen in draft.Observed.Instances)
        {
            if (claimed[seen.Instance.Id].ToList() is { Count: > 0 } own)
                CountMore(draft, observed, seen, own);
        }

        observed.DecideRest(claimed);
    }

    private static void AddMisplaced(AuditDraft draft, ObservedClaims observed, ObservedInstance seen, ClaimId elsewhere, bool isChanging)
    {
        var action = DriftAction.Reported;
        var sentence = $"Instance {seen.Instance.Id} is on this host, and holds claim {elsewhere} on another node";
        if (draft.Heals && (isChanging || observed.IsNewer(seen.Instance.Id)))
        {
            action = DriftAction.SkippedChangedSince;
        }
        else if (draft.Heals && observed.Count(seen, []) is { } counted)
        {
            action = DriftAction.Counted;
            sentence += $"; claim {counted.Id} holds what it has here";
        }

        draft.Add(new Drift(DriftKind.MisplacedInstance, action, "on another node", "on this host", sentence)
        {
            Instance = seen.Instance.Id,
            Claim = elsewhere,
        });
    }

    private static void AddUntracked(AuditDraft draft, ObservedClaims observed, ObservedInstance seen, bool isChanging)
    {
        var id = seen.Instance.Id;
        var drift = new Drift(
            DriftKind.UntrackedInstance, DriftAction.Reported, "not on the host", "on the host", $"Instance {id} is on the host and holds no claim")
        {
            Instance = id,
        };
        var isTold = seen.CanBeAdopted;
        if (!isTold)
            drift = drift with { Detail = $"{drift.Detail}, and the report does not tell what it has" };

        if (draft.Heals && (isChanging || observed.IsNewer(id)))
            drift = drift with { Action = isTold ? DriftAction.SkippedChangedSince : DriftAction.Reported };
        else if (draft.Heals && isTold && Adopt(draft, seen) is { } adopted)
            drift = Adopted(observed, drift, adopted);
        else if (draft.Heals)
            drift = Counted(observed, drift, seen);
        draft.Add(drift);
    }

    private static Drift Adopted(ObservedClaims observed, Drift drift, Claim adopted)
    {
        observed.End(adopted.Instance.Id);
        return drift with { Action = DriftAction.InstanceAdopted, Claim = adopted.Id };
    }

    private static Drift Counted(ObservedClaims observed, Drift drift, ObservedInstance seen)
    {
        var misfit = Misfit.Of(observed.Without(seen.Instance.Id), seen);
        var counted = observed.Count(seen, []);
        return drift with
        {
            Action = counted is not null ? DriftAction.Counted : seen.CanBeAdopted ? DriftAction.SkippedDoesNotFit : DriftAction.Reported,
            Claim = counted?.Id,
            ResourceClass = misfit.ResourceClass,
            DeviceAddress = misfit.DeviceAddress,
            Detail = misfit.Sentences.Count == 0 ? drift.Detail : $"{drift.Detail}, and does not fit ({string.Join("; ", misfit.Sentences)})",
        };
    }

    // A claim that changed since the picture may hold what the picture shows beyond it.
    private static void CountMore(AuditDraft draft, ObservedClaims observed, ObservedInstance seen, List<Claim> own)
    {
        if (observed.IsNewer(seen.Instance.Id)
            || own.Exists(claim => draft.Before.Claims.TryGetValue(claim.Id.Sequence, out var before) && before.Generation > draft.Observed.Generation))
            return;
        if (own is [var claim] && Holds(claim, seen))
            observed.End(seen.Instance.Id);
        else
            observed.Count(seen, own);
    }

    // Most claims do: nothing is worked out for them.
    private static bool Holds(Claim claim, ObservedInstance seen)
    {
        foreach (ref readonly var item in seen.Amounts.Span)
        {
            if (item.Amount > claim.Amounts.Of(item.Class))
                return false;
        }

        var cells = claim.Assignment.Cells;
        if (cells.Count == 0 && !seen.Cells.Any(ClaimDifference.OwnsCpus))
            return HoldsDevices(claim, seen);
        for (var i = 0; i < seen.Cells.Count; i++)
        {
            var cell = seen.Cells[i];
            if (i >= cells.Count
                || cells[i].HostCellId != cell.HostCellId
                || !cells[i].Pinning.Equals(cell.Pinning)
                || !cells[i].EmulatorCpus.Equals(cell.EmulatorCpus)
                || !cells[i].SharedVcpus.Equals(cell.SharedVcpus)
                || cells[i].MemoryMb < cell.MemoryMb)
                return false;
        }

        return HoldsDevices(claim, seen);
    }

    private static bool HoldsDevices(Claim claim, ObservedInstance seen)
    {
        foreach (var address in seen.DeviceAddresses)
        {
            if (!claim.Assignment.Devices.Any(device => string.Equals(device.Address, address, StringComparison.Ordinal)))
                return false;
        }

        return true;
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
