using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Audits;

/// <summary>The node's claims against the instances on its host: those that have none, and those whose instance is another than they say.</summary>
internal static class ClaimDrift
{
    public static void Find(AuditDraft draft)
    {
        var seen = draft.Observed.Instances.ToDictionary(instance => instance.Instance.Id);
        var attachable = draft.Observed.Covers(AuditScopes.Devices)
            ? draft.Observed.Devices.Select(device => device.Address).ToHashSet(StringComparer.Ordinal)
            : null;
        var corrections = new List<ClaimCorrection>();
        // Corrections change the node: the claims are those that it had before.
        foreach (var claim in draft.Node.Claims.Values)
        {
            FindLostDevices(draft, claim, attachable);
            if (!seen.TryGetValue(claim.Instance.Id, out var instance))
                FindOrphan(draft, claim);
            else
                Compare(draft, claim, instance, attachable, corrections);
        }

        ClaimCorrection.ApplyAll(draft, corrections);
    }

    // A device that the host has lost stays its claim's until that ends.
    private static void FindLostDevices(AuditDraft draft, Claim claim, HashSet<string>? attachable)
    {
        if (attachable is null || claim.Assignment.Devices.Count == 0)
            return;
        foreach (var device in claim.Assignment.Devices)
        {
            if (!attachable.Contains(device.Address))
            {
                draft.Add(new Drift(
                    DriftKind.DeviceMissing, DriftAction.Reported, "owned", "not on the host",
                    $"Device {device.Address} of claim {claim.Id} is not on the host")
                {
                    Instance = claim.Instance.Id,
                    Claim = claim.Id,
                    DeviceAddress = device.Address,
                });
            }
        }
    }

    private static void FindOrphan(AuditDraft draft, Claim claim)
    {
        // A held claim's instance is still being built, a move's target still moved: neither has to be here.
        if (!draft.Observed.Covers(AuditScopes.Instances) || claim.State != ClaimState.Active || claim.Role != ClaimRole.Primary)
            return;
        var action = draft.Judge(claim, IsInFlight(draft, claim), DriftAction.ClaimReleased);
        draft.Add(new Drift(
            DriftKind.OrphanedClaim, action, "on the host", "not on the host", $"Instance {claim.Instance.Id} of claim {claim.Id} is not on the host")
        {
            Instance = claim.Instance.Id,
            Claim = claim.Id,
        });
        if (action == DriftAction.ClaimReleased)
        {
            draft.Apply(ClaimRules.EndChange(
                claim, ChangeKind.ClaimReleased, ClaimState.Released, "the instance is not on its host", draft.Order.Now, draft.NextGeneration));
        }
    }

    private static void Compare(
        AuditDraft draft, Claim claim, ObservedInstance seen, HashSet<string>? attachable, List<ClaimCorrection> corrections)
    {
        var differences = ClaimDifference.Of(claim, seen, isSettled: claim.State == ClaimState.Active && claim.Role == ClaimRole.Primary);
        if (differences.Count == 0)
            return;
        var held = draft.Order.ClaimsOf(claim.Instance.Id);
        if (IsOtherSideOfResize(draft, claim, held, seen))
            return;

        var inFlight = claim.State == ClaimState.Held || held.MoveTarget is not null;
        var correction = new ClaimCorrection(claim, seen);
        foreach (var difference in differences)
        {
            var isMissing = difference.Part == ClaimPart.MissingDevices;
            // The host has lost it: told above.
            if (isMissing && attachable is not null && !attachable.Contains(difference.Subject))
                continue;
            var action = isMissing ? DriftAction.Reported : draft.Judge(claim, inFlight, DriftAction.SkippedDoesNotFit);
            var place = draft.Add(new Drift(difference.Kind, action, difference.Expected, difference.Observed, SentenceOf(claim, difference))
            {
                Instance = claim.Instance.Id,
                Claim = claim.Id,
                ResourceClass = difference.Part == ClaimPart.Amounts ? difference.Subject : "",
                DeviceAddress = difference.Part is ClaimPart.Devices or ClaimPart.MissingDevices ? difference.Subject : "",
            });
            if (action == DriftAction.SkippedDoesNotFit)
                correction.Wants(difference.Part, place);
        }

        if (correction.IsWanted)
            corrections.Add(correction);
    }

    // A resize in place has two claims and one instance, which is as either says.
    private static bool IsOtherSideOfResize(AuditDraft draft, Claim claim, HeldClaims held, ObservedInstance seen)
    {
        var other = claim.Role == ClaimRole.MoveTarget ? held.Primary : held.MoveTarget;
        return other is { } id
            && id.NodeKey == draft.Node.NodeKey
            && draft.Node.Claims.TryGetValue(id.Sequence, out var twin)
            && (claim.Role == ClaimRole.MoveTarget || ClaimDifference.Of(twin, seen, isSettled: false).Count == 0);
    }

    private static bool IsInFlight(AuditDraft draft, Claim claim) => draft.Order.ClaimsOf(claim.Instance.Id).MoveTarget is not null;

    private static string SentenceOf(Claim claim, ClaimDifference difference) => difference.Part switch
    {
        ClaimPart.Amounts => $"Instance {claim.Instance.Id} has {difference.Observed} of {difference.Subject}, not {difference.Expected}",
        ClaimPart.States => $"The {difference.Subject} of instance {claim.Instance.Id} is {difference.Observed}",
        ClaimPart.Cells => $"Instance {claim.Instance.Id} runs on other CPUs, cells or pages than claim {claim.Id} says",
        ClaimPart.Devices => $"Device {difference.Subject} is attached to instance {claim.Instance.Id}, and claim {claim.Id} does not own it",
        _ => $"Device {difference.Subject} of claim {claim.Id} is not attached to instance {claim.Instance.Id}",
    };
}
