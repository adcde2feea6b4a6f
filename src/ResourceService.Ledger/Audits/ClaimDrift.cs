using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Audits;

/// <summary>The node's claims against their instances on its host, where those are others than the claims say.</summary>
internal static class ClaimDrift
{
    public static void Find(AuditDraft draft)
    {
        var seen = draft.Observed.Instances.ToDictionary(instance => instance.Instance.Id);
        var devices = new SeenDevices(draft.Observed);
        var corrections = new List<ClaimCorrection>();
        // Corrections change the node: the claims are those that it had before.
        foreach (var claim in draft.Node.Claims.Values.Where(claim => claim.Role != ClaimRole.Observed))
        {
            var instance = seen.GetValueOrDefault(claim.Instance.Id);
            FindLostDevices(draft, claim, instance, devices);
            if (instance is not null)
                Compare(draft, claim, instance, devices, corrections);
        }

        ClaimCorrection.ApplyAll(draft, corrections);
    }

    // A device that the host has lost stays its claim's until that ends, unless the instance does without it.
    private static void FindLostDevices(AuditDraft draft, Claim claim, ObservedInstance? seen, SeenDevices devices)
    {
        foreach (var device in claim.Assignment.Devices)
        {
            if (!devices.IsGone(device.Address) || (seen is not null && SeenDevices.IsSettled(claim) && devices.IsDetached(device, seen)))
                continue;
            draft.Add(new Drift(
                DriftKind.DeviceMissing, DriftAction.Reported, "owned", "not on the host", $"Device {device.Address} of claim {claim.Id} is not on the host")
            {
                Instance = claim.Instance.Id,
                Claim = claim.Id,
                DeviceAddress = device.Address,
            });
        }
    }

    private static void Compare(
        AuditDraft draft, Claim claim, ObservedInstance seen, SeenDevices devices, List<ClaimCorrection> corrections)
    {
        if (seen.Unreadable.HasFlag(InstanceParts.Whole))
            return;
        var differences = ClaimDifference.Of(draft.Node, claim, seen, SeenDevices.IsSettled(claim) ? devices : null);
        if (differences.Count == 0)
            return;
        var held = draft.Order.ClaimsOf(claim.Instance.Id);
        if (IsOtherSideOfResize(draft, claim, held, seen))
            return;

        var inFlight = claim.State == ClaimState.Held || held.MoveTarget is not null;
        var correction = new ClaimCorrection(claim, seen);
        foreach (var difference in differences)
        {
            var action = difference.Part == ClaimPart.MissingDevice
                ? DriftAction.Reported
                : draft.Judge(claim, inFlight, DriftAction.SkippedDoesNotFit);
            var place = draft.Add(new Drift(difference.Kind, action, difference.Expected, difference.Observed, SentenceOf(claim, difference))
            {
                Instance = claim.Instance.Id,
                Claim = claim.Id,
                ResourceClass = difference.Part == ClaimPart.Amount ? difference.Subject : "",
                DeviceAddress = difference.Part is ClaimPart.AttachedDevice or ClaimPart.DetachedDevice or ClaimPart.MissingDevice ? difference.Subject : "",
            });
            if (action == DriftAction.SkippedDoesNotFit)
                correction.Wants(difference, place);
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
            && (claim.Role == ClaimRole.MoveTarget || ClaimDifference.Of(draft.Node, twin, seen, devices: null).Count == 0);
    }

    private static string SentenceOf(Claim claim, ClaimDifference difference) => difference.Part switch
    {
        ClaimPart.Amount => $"Instance {claim.Instance.Id} has {difference.Observed} of {difference.Subject}, not {difference.Expected}",
        ClaimPart.States => $"The {difference.Subject} of instance {claim.Instance.Id} is {difference.Observed}",
        ClaimPart.Cells => $"Instance {claim.Instance.Id} runs on other CPUs, cells or pages than claim {claim.Id} says",
        ClaimPart.AttachedDevice => $"Device {difference.Subject} is attached to instance {claim.Instance.Id}, and claim {claim.Id} does not own it",
        ClaimPart.DetachedDevice => $"Device {difference.Subject} of claim {claim.Id} is not attached to instance {claim.Instance.Id} any more",
        _ => $"Device {difference.Subject} of claim {claim.Id} is not named for instance {claim.Instance.Id}, and the report does not say that it names all devices",
    };
}
