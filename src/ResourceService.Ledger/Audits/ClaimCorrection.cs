using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>What of one claim is to become what the host runs.</summary>
internal sealed class ClaimCorrection(long sequence, ObservedInstance seen)
{
    // Corrections wait for each other's room. A round that frees nothing for another ends them; this bound is for hosts that invert long chains.
    private const int RoundsMax = 64;

    // The drifts that are still to be corrected, by the part of the claim that they are about.
    private readonly List<(ClaimPart Part, int Drift)> _wanted = [];

    /// <summary>Whether anything is left to correct.</summary>
    public bool IsWanted => _wanted.Count > 0;

    /// <summary>A drift is to be healed by correcting a part.</summary>
    public void Wants(ClaimPart part, int drift) => _wanted.Add((part, drift));

    /// <summary>
    /// Corrects what fits, round after round: what one correction frees may be what another waits for, whichever claim is older. Instances that
    /// exchanged their CPUs or devices wait for each other in a ring: when nothing else goes on, those let go of theirs first, together.
    /// </summary>
    public static void ApplyAll(AuditDraft draft, List<ClaimCorrection> corrections)
    {
        for (var round = 0; round < RoundsMax && corrections.Count > 0; round++)
        {
            var before = corrections.Sum(correction => correction._wanted.Count);
            foreach (var correction in corrections)
                correction.Apply(draft);
            corrections.RemoveAll(correction => !correction.IsWanted);
            if (corrections.Sum(correction => correction._wanted.Count) == before)
                return;
        }
    }

    private void Apply(AuditDraft draft)
    {
        var claim = draft.Node.Claims[sequence];
        var after = claim;
        var corrected = new List<ClaimPart>();
        foreach (var part in _wanted.Select(wanted => wanted.Part).Distinct())
        {
            if (Correct(draft.Node, claim, after, part) is not { } next)
                continue;
            after = next;
            corrected.Add(part);
        }

        if (corrected.Count == 0)
            return;
        foreach (var (_, drift) in _wanted.Where(wanted => corrected.Contains(wanted.Part)))
            draft.Settle(drift, DriftAction.ClaimCorrected);
        _wanted.RemoveAll(wanted => corrected.Contains(wanted.Part));
        after = after with { UpdateTime = draft.Order.Now, Generation = draft.NextGeneration };
        draft.Apply(new ClaimChanged(ChangeKind.ClaimCorrected, draft.Order.Now, claim, after, "its host runs it so"));
    }

    // The claim with one part as the host has it; null when that does not fit.
    private Claim? Correct(NodeView node, Claim held, Claim claim, ClaimPart part)
    {
        switch (part)
        {
            case ClaimPart.Amounts:
                return Room.HasAmounts(node, held.Amounts, seen.Amounts)
                    ? claim with { Request = claim.Request with { Amounts = seen.Amounts } }
                    : null;

            case ClaimPart.States:
                return claim with { Instance = WithStates(claim.Instance, seen.Instance) };

            case ClaimPart.Cells:
                return Room.CellsOf(node, held.Assignment, seen.Cells, held.Request.Numa) is { } cells
                    ? claim with { Assignment = claim.Assignment with { Cells = cells } }
                    : null;

            default:
                var added = seen.DeviceAddresses.Where(
                    address => !held.Assignment.Devices.Any(device => string.Equals(device.Address, address, StringComparison.OrdinalIgnoreCase))).ToList();
                return Room.HasDevices(node, added)
                    ? claim with { Assignment = claim.Assignment with { Devices = ValueList.From(held.Assignment.Devices.Concat(Attached(added))) } }
                    : null;
        }
    }

    /// <summary>Devices that no request asked for.</summary>
    public static IEnumerable<AssignedDevice> Attached(IEnumerable<string> addresses) => addresses.Select(address => new AssignedDevice("", address));

    private static Instance WithStates(Instance known, Instance seen) => known with
    {
        VmState = seen.VmState.Length > 0 ? seen.VmState : known.VmState,
        TaskState = seen.TaskState.Length > 0 ? seen.TaskState : known.TaskState,
        PowerState = seen.PowerState.Length > 0 ? seen.PowerState : known.PowerState,
    };
}
