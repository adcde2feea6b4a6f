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

    private readonly List<Wanted> _wanted = [];

    /// <summary>Whether anything is left to correct.</summary>
    public bool IsWanted => _wanted.Count > 0;

    /// <summary>A drift is to be healed by correcting what differs.</summary>
    public void Wants(in ClaimDifference difference, int drift) => _wanted.Add(new Wanted(difference.Part, difference.Subject, drift));

    /// <summary>
    /// Corrects what fits, round after round: what one correction frees may be what another waits for, whichever claim is older. Amounts and devices
    /// that a claim has too much leave it at once, so that instances which exchanged them wait for nobody. Cells are given and taken as a whole: those
    /// who exchanged CPUs or pages wait for each other in a ring, and when nothing else goes on, they are corrected together.
    /// </summary>
    public static void ApplyAll(AuditDraft draft, List<ClaimCorrection> corrections)
    {
        for (var round = 0; round < RoundsMax && corrections.Count > 0; round++)
        {
            var goesOn = false;
            foreach (var correction in corrections)
                goesOn |= correction.Apply(draft);
            corrections.RemoveAll(correction => !correction.IsWanted);
            if (!goesOn && !ExchangeCells(draft, corrections))
                break;
        }

        foreach (var correction in corrections)
            correction.Explain(draft);
    }

    /// <summary>Devices of a node that no request asked for.</summary>
    public static IEnumerable<AssignedDevice> Attached(NodeView node, IEnumerable<string> addresses) => addresses
        .Where(address => !node.DeviceUsage.Pools.At(address).IsEmpty)
        .Select(address => node.DeviceUsage.Pools.Give(node.DeviceUsage.Pools.At(address)[0], requestName: ""));

    /// <summary>An instance in the states in which its host has it, as far as the report tells them.</summary>
    public static Instance WithStates(Instance known, Instance seen) => known with
    {
        VmState = seen.VmState.Length > 0 ? seen.VmState : known.VmState,
        TaskState = seen.TaskState.Length > 0 ? seen.TaskState : known.TaskState,
        PowerState = seen.PowerState.Length > 0 ? seen.PowerState : known.PowerState,
    };

    // All of a ring let go of their cells, then each takes what the host gave it. Tried on a copy first: who does not fit keeps what it has, and that
    // may be what another waited for.
    private static bool ExchangeCells(AuditDraft draft, List<ClaimCorrection> corrections)
    {
        var ring = corrections.Where(correction => correction._wanted.Exists(wanted => wanted.Part == ClaimPart.Cells)).ToList();
        for (var trial = 0; trial < TrialsMax && ring.Count > 1; trial++)
        {
            var copy = new NodeLedger(draft.Node);
            foreach (var correction in ring)
                copy.Apply(correction.LetGoOfCells(copy.View, draft.Order.Now));
            if (ring.RemoveAll(correction => !correction.TryTakeCells(copy, draft.Order.Now)) > 0)
                continue;

            foreach (var correction in ring)
                draft.Apply(correction.LetGoOfCells(draft.Node, draft.Order.Now));
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
        for (var i = 0; i < _wanted.Count; i++)
        {
            if (Correct(draft.Node, held, after, _wanted[i]) is not { } next)
                continue;
            after = next;
            draft.Settle(_wanted[i].Drift, DriftAction.ClaimCorrected);
            _wanted.RemoveAt(i--);
        }

        if (ReferenceEquals(after, held))
            return false;
        draft.Apply(Change(draft.Node, held, after, draft.Order.Now));
        return true;
    }

    // What is left does not fit: in the end, on what all the others left.
    private void Explain(AuditDraft draft)
    {
        var held = Held(draft.Node);
        foreach (var wanted in _wanted)
        {
            var reason = wanted.Part switch
            {
                ClaimPart.Amount => Room.LackOf(draft.Node, wanted.Class, held.Amounts.Of(wanted.Class), seen.Amounts.Of(wanted.Class)),
                ClaimPart.AttachedDevice => Room.LackOf(draft.Node, wanted.Subject, seen.DeviceAddresses),
                _ => null,
            };
            if (reason is not null)
                draft.Explain(wanted.Drift, reason);
        }
    }

    private bool TryTakeCells(NodeLedger copy, Instant now)
    {
        var held = Held(copy.View);
        if (WithCells(copy.View, held, held) is not { } after)
            return false;
        copy.Apply(Change(copy.View, held, after, now));
        return true;
    }

    private ClaimChanged LetGoOfCells(NodeView node, Instant now)
    {
        var held = Held(node);
        return Change(node, held, held with { Assignment = held.Assignment with { Cells = [] } }, now);
    }

    private Claim Held(NodeView node) => node.Claims[claim.Id.Sequence];

    private static ClaimChanged Change(NodeView node, Claim before, Claim after, Instant now) => new(
        ChangeKind.ClaimCorrected, now, before, after with { UpdateTime = now, Generation = node.Generation + 1 }, "its host runs it so");

    // The claim with one difference less; null when that does not fit.
    private Claim? Correct(NodeView node, Claim held, Claim after, in Wanted wanted) => wanted.Part switch
    {
        ClaimPart.Amount => WithAmount(node, held, after, wanted.Class),
        ClaimPart.States => after with { Instance = WithStates(after.Instance, seen.Instance) },
        ClaimPart.Cells => WithCells(node, held, after),
        ClaimPart.AttachedDevice => WithDevice(node, after, wanted.Subject),
        _ => WithoutDevice(after, wanted.Subject),
    };

    private Claim? WithAmount(NodeView node, Claim held, Claim after, ResourceClass resourceClass)
    {
        var amount = seen.Amounts.Of(resourceClass);
        if (Room.LackOf(node, resourceClass, held.Amounts.Of(resourceClass), amount) is not null)
            return null;
        var amounts = after.Amounts.Where(item => item.Class != resourceClass);
        return after with
        {
            Request = after.Request with
            {
                Amounts = ResourceAmounts.From(amount == 0 ? amounts : amounts.Append(new ResourceAmount(resourceClass, amount))),
            },
        };
    }

    private Claim? WithCells(NodeView node, Claim held, Claim after) =>
        Room.CellsOf(node, held.Assignment.Cells, _known, seen, held.Request.Numa) is { } cells
            ? after with { Assignment = after.Assignment with { Cells = cells } }
            : null;

    private Claim? WithDevice(NodeView node, Claim after, string address)
    {
        if (Room.LackOf(node, address, seen.DeviceAddresses) is not null)
            return null;
        var place = node.DeviceUsage.Pools.At(address)[0];
        var attached = node.DeviceUsage.Pools.Give(place, RequestOf(after, node.Spec.Devices[place]));
        return after with { Assignment = after.Assignment with { Devices = [.. after.Assignment.Devices, attached] } };
    }

    private static Claim WithoutDevice(Claim after, string address) => after with
    {
        Assignment = after.Assignment with
        {
            Devices = ValueList.From(after.Assignment.Devices.Where(device => !string.Equals(device.Address, address, StringComparison.Ordinal))),
        },
    };

    // What was exchanged for another device of its kind answers the same request; empty for what nobody asked for.
    private static string RequestOf(Claim after, Device device)
    {
        var group = DeviceGroup.Of(device);
        return after.Request.Devices.FirstOrDefault(request =>
            group.MatchesAny(request.Alternatives)
            && after.Assignment.Devices.Count(given => string.Equals(given.RequestName, request.Name, StringComparison.Ordinal)) < request.Count)?.Name ?? "";
    }

    // A drift that is still to be corrected, and what of the claim it is about.
    private readonly record struct Wanted(ClaimPart Part, string Subject, int Drift)
    {
        public ResourceClass Class => new(Subject);
    }
}
