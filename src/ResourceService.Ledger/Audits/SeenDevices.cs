using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;

namespace ResourceService.Ledger.Audits;

/// <summary>What a report says of devices, of all its instances together.</summary>
internal sealed class SeenDevices
{
    // The only instance that a device is attached to; null when several are said to have it.
    private readonly Dictionary<string, InstanceId?> _attachedTo = new(StringComparer.Ordinal);

    // What the host has; null when the report does not say all of it.
    private readonly HashSet<string>? _onHost;

    public SeenDevices(ObservedNode observed)
    {
        if (observed.Covers(AuditScopes.Devices))
            _onHost = observed.Devices.Select(device => device.Address).ToHashSet(StringComparer.Ordinal);
        foreach (var seen in observed.Instances)
        {
            foreach (var address in seen.DeviceAddresses)
            {
                if (!_attachedTo.TryAdd(address, seen.Instance.Id))
                    _attachedTo[address] = null;
            }
        }
    }

    /// <summary>Whether the host has lost a device.</summary>
    public bool IsGone(string address) => _onHost is not null && !_onHost.Contains(address);

    /// <summary>
    /// Whether a device that a claim owns was detached from its instance: the report names all that are attached, or shows this one on another instance.
    /// </summary>
    public bool IsDetached(AssignedDevice owned, ObservedInstance seen) =>
        !seen.DeviceAddresses.Contains(owned.Address)
        && (seen.NamesAllDevices == true || (_attachedTo.TryGetValue(owned.Address, out var other) && other is not null));

    /// <summary>Whether a claim's states and devices are those of an instance that is neither built nor on its way here.</summary>
    public static bool IsSettled(Claim claim) => claim.State == ClaimState.Active && claim.Role == ClaimRole.Primary;
}
