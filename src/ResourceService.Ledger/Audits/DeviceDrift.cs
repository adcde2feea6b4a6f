using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;

namespace ResourceService.Ledger.Audits;

/// <summary>
/// Owned devices that are not what their claims were given: another card stands at the address, or what the operator says of it does not meet the
/// request any more. Whoever registered it, and however long ago: told until the claim ends.
/// </summary>
internal static class DeviceDrift
{
    public static void Find(AuditDraft draft)
    {
        var node = draft.Node;
        foreach (var claim in node.Claims.Values)
        {
            foreach (var owned in claim.Assignment.Devices)
            {
                if (node.DeviceUsage.Pools.At(owned.Address) is [var place])
                    Compare(draft, claim, owned, node.Spec.Devices[place]);
            }
        }
    }

    private static void Compare(AuditDraft draft, Claim claim, AssignedDevice owned, Device device)
    {
        if (owned.Model is { } model && !model.IsOf(device))
        {
            Add($"{model.Type} {model.VendorId}:{model.ProductId}", $"Device {owned.Address} is not the one that claim {claim.Id} was given");
        }
        else if (claim.Request.Devices.FirstOrDefault(request => string.Equals(request.Name, owned.RequestName, StringComparison.Ordinal)) is { } asked
            && !DeviceGroup.Of(device).MatchesAny(asked.Alternatives))
        {
            Add($"as request {asked.Name} asked", $"Device {owned.Address} is not what request {asked.Name} of claim {claim.Id} asked for any more");
        }

        void Add(string expected, string sentence) => draft.Add(new Drift(
            DriftKind.DeviceChanged, DriftAction.Reported, expected, DriftText.Of(device), sentence)
        {
            Instance = claim.Instance.Id,
            Claim = claim.Id,
            DeviceAddress = owned.Address,
        });
    }
}
