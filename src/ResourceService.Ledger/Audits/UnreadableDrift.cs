namespace ResourceService.Ledger.Audits;

/// <summary>
/// What the host has or runs in a way that the ledger has no words for: two guest CPUs on one host CPU, a device without a PCI address, a name that no
/// instance can have. A fact of the host and no error of the report: told, and the rest of the report is compared as ever.
/// </summary>
internal static class UnreadableDrift
{
    public static void Find(AuditDraft draft)
    {
        foreach (var part in draft.Observed.Unreadable)
        {
            draft.Add(new Drift(DriftKind.Unreadable, DriftAction.Reported, "", part.Subject, $"{part.Subject} cannot be read, {part.Reason}, and is left out")
            {
                DeviceAddress = part.Part == AuditScopes.Devices ? part.Subject : "",
                ResourceClass = part.Part == AuditScopes.Inventories ? part.Subject : "",
            });
        }

        var claims = draft.Node.Claims.Values.ToLookup(claim => claim.Instance.Id, claim => claim.Id);
        foreach (var seen in draft.Observed.Instances)
        {
            if (seen.UnreadableReason.Length == 0)
                continue;
            var instance = seen.Instance.Id;
            draft.Add(new Drift(
                DriftKind.Unreadable, DriftAction.Reported, "", seen.UnreadableReason, $"Not all of instance {instance} can be read: {seen.UnreadableReason}")
            {
                Instance = instance,
                Claim = claims[instance].Cast<ClaimId?>().FirstOrDefault(),
            });
        }
    }

    /// <summary>
    /// The names that could not be read, by their letters and digits. An instance of the same ones may be on the host under such a name: its claim is no
    /// orphan.
    /// </summary>
    public static HashSet<string> Names(ObservedNode observed) => observed.Instances
        .Where(seen => seen.Unreadable.HasFlag(InstanceParts.Name))
        .Select(seen => LettersOf(seen.Instance.Id))
        .ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The letters and digits of a name.</summary>
    public static string LettersOf(InstanceId instance) => string.Concat(instance.Value.Where(char.IsAsciiLetterOrDigit));
}
