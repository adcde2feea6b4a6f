using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Audits;

/// <summary>What of one claim is to become what the host runs, part by part: each part that fits.</summary>
internal sealed class ClaimCorrection(Claim claim, ObservedInstance seen)
{
    // Corrections wait for each other's room. These bounds are for hosts that invert long chains; what is left is corrected by the next audit.
    private const int RoundsMax = 64;
    private const int TrialsMax = 8;

    // What the cells were: a report that does not tell page sizes or memory leaves them as they are.
    private readonly ValueList<CellAssignment> _known = claim.Assignment.Cells;

    // The drifts that are still to be corrected, by the part of the claim that they are about.
    private readonly List<(ClaimPart Part, int Drift)> _wanted = [];

    /// <summary>Whether anything is left to correct.</summary>
    public bool IsWanted => _wanted.Count > 0;

    /// <summary>A drift is to be healed by correcting a part.</summary>
    public void Wants(ClaimPart part, int drift) => _wanted.Add((part, drift));

    /// <summary>
    /// Corrects what fits, round after round: what one correction frees may be what another waits for, whichever claim is older. Instances that
    /// exchanged what they have wait for each other in a ring; when nothing else goes on, they are corrected together.
    /// </summary>
    public static void ApplyAll(AuditDraft draft, List<ClaimCorrection> corrections)
    {
        for (var round = 0; round < RoundsMax && corrections.Count > 0; round++)
        {
            var goesOn = false;
            foreach (var correction in corrections)
                goesOn |= correction.Apply(draft);
            corrections.RemoveAll(correction => !correction.IsWanted);
            if (!goesOn && !Exchange(draft, corrections, ClaimPart.Cells) && !Exchange(draft, corrections, ClaimPart.Amounts))
                return;
        }
    }

    /// <summary>Devices of a node that no request asked for.</summary>
    public static IEnumerable<AssignedDevice> Attached(NodeView node, IEnumerable<string> addresses) => addresses
        .Select(address => node.DeviceUsage.Pools.At(address) is [var place, ..] ? node.Spec.Devices[place] : null)
        .OfType<Device>()
        .Select(device => new AssignedDevice("", device.Address) { ParentAddress = device.ParentAddress });

    // All of a ring let go of the part, then each takes what the host gave it. Tried on a copy first: who does not fit keeps what it has, and that may
    // be what another waited for.
    private static bool Exchange(AuditDraft draft, List<ClaimCorrection> corrections, ClaimPart part)
    {
        var ring = corrections.Where(correction => correction._wanted.Exists(wanted => wanted.Part == part)).ToList();
        for (var trial = 0; trial < TrialsMax && ring.Count > 1; trial++)
        {
            var copy = new NodeLedger(draft.Node);
            foreach (var correction in ring)
                copy.Apply(correction.LetGo(copy.View, part, draft.Order.Now));
            if (ring.RemoveAll(correction => !correction.TryTake(copy, part, draft.Order.Now)) > 0)
                continue;

            foreach (var correction in ring)
                draft.Apply(correction.LetGo(draft.Node, part, draft.Order.Now));
            foreach (var correction in ring)
                correction.Apply(draft);
            corrections.RemoveAll(correction => !correction.IsWanted);
            return true;
        }

        return false;
    }

    private bool Apply(AuditDraft draft)
    {
        var held = Held(draft.Node);
        var after = held;
        var corrected = new HashSet<ClaimPart>();
        foreach (var part in _wanted.Select(wanted => wanted.Part).Distinct())
        {
            if (Correct(draft.Node, held, after, part) is not { } next)
                continue;
            after = next;
            corrected.Add(part);
        }

        if (corrected.Count == 0)
            return false;
        foreach (var (_, drift) in _wanted.Where(wanted => corrected.Contains(wanted.Part)))
            draft.Settle(drift, DriftAction.ClaimCorrected);
        _wanted.RemoveAll(wanted => corrected.Contains(wanted.Part));
        draft.Apply(Change(draft.Node, held, after, draft.Order.Now));
        return true;
    }

    private bool TryTake(NodeLedger copy, ClaimPart part, Instant now)
    {
        var held = Held(copy.View);
        if (Correct(copy.View, held, held, part) is not { } after)
            return false;
        copy.Apply(Change(copy.View, held, after, now));
        return true;
    }

    private ClaimChanged LetGo(NodeView node, ClaimPart part, Instant now)
    {
        var held = Held(node);
        var without = part == ClaimPart.Cells
            ? held with { Assignment = held.Assignment with { Cells = [] } }
            : held with { Request = held.Request with { Amounts = ResourceAmounts.Empty } };
        return Change(node, held, without, now);
    }

    private Claim Held(NodeView node) => node.Claims[claim.Id.Sequence];

    private static ClaimChanged Change(NodeView node, Claim before, Claim after, Instant now) => new(
        ChangeKind.ClaimCorrected, now, before, after with { UpdateTime = now, Generation = node.Generation + 1 }, "its host runs it so");

    // The claim with one part as the host has it; null when that does not fit.
    private Claim? Correct(NodeView node, Claim held, Claim after, ClaimPart part)
    {
        switch (part)
        {
            case ClaimPart.Amounts:
                return Room.HasAmounts(node, held.Amounts, seen.Amounts)
                    ? after with { Request = after.Request with { Amounts = seen.Amounts } }
                    : null;

            case ClaimPart.States:
                return after with { Instance = WithStates(after.Instance, seen.Instance) };

            case ClaimPart.Cells:
                return Room.CellsOf(node, held.Assignment.Cells, _known, seen.Cells, held.Request.Numa) is { } cells
                    ? after with { Assignment = after.Assignment with { Cells = cells } }
                    : null;

            default:
                var added = seen.DeviceAddresses.Where(
                    address => !held.Assignment.Devices.Any(device => string.Equals(device.Address, address, StringComparison.Ordinal))).ToList();
                return Room.HasDevices(node, added)
                    ? after with { Assignment = after.Assignment with { Devices = ValueList.From(held.Assignment.Devices.Concat(Attached(node, added))) } }
                    : null;
        }
    }

    private static Instance WithStates(Instance known, Instance seen) => known with
    {
        VmState = seen.VmState.Length > 0 ? seen.VmState : known.VmState,
        TaskState = seen.TaskState.Length > 0 ? seen.TaskState : known.TaskState,
        PowerState = seen.PowerState.Length > 0 ? seen.PowerState : known.PowerState,
    };
}
