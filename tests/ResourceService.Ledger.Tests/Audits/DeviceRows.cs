using ResourceService.Ledger.Audits;
using static ResourceService.Ledger.Tests.Audits.DriftRulesTests;

namespace ResourceService.Ledger.Tests.Audits;

/// <summary>The rows of <see cref="DriftRulesTests"/> that are about devices which a claim owns and its instance does without.</summary>
internal static class DeviceRows
{
    public static readonly Dictionary<string, (Func<AuditedHost, ObservedNode> Arrange, string Healed)> All = new(StringComparer.Ordinal)
    {
        ["device detached"] = (host => Detached(host), "UsageMismatch ClaimCorrected"),
        ["device detached: from an instance that is built"] = (
            host => Changed(Held(host, [AuditedHost.Nic]), 0, seen => seen with { DeviceAddresses = [] }), ""),
        ["device detached: claimed since"] = (host => Older(Detached(host)), "UsageMismatch SkippedChangedSince"),
        ["device detached: moving away"] = (host => MovingAway(host, Detached(host)), "UsageMismatch SkippedInFlight"),
        ["device detached: and gone from the host"] = (
            host => Detached(host) with { Devices = [AuditedHost.Device(AuditedHost.Gpu)] }, "InventoryChanged InventoryUpdated, UsageMismatch ClaimCorrected"),
        ["device detached: others may be attached"] = (
            host => Changed(Detached(host), 0, seen => seen with { NamesAllDevices = false }), ""),
        ["device detached: exchanged for another"] = (
            host => Changed(Detached(host), 0, seen => seen with { DeviceAddresses = [AuditedHost.Gpu] }),
            "UsageMismatch ClaimCorrected, UsageMismatch ClaimCorrected"),
        ["device detached: exchanged with another instance"] = (
            host => ExchangedDevices(host),
            "UsageMismatch ClaimCorrected, UsageMismatch ClaimCorrected, UsageMismatch ClaimCorrected, UsageMismatch ClaimCorrected"),
        ["device detached: exchanged with an instance that moves away"] = (
            host => MovingAway(host, ExchangedDevices(host)),
            "UsageMismatch SkippedDoesNotFit, UsageMismatch ClaimCorrected, UsageMismatch SkippedInFlight, UsageMismatch SkippedInFlight"),
        ["device detached: named for another, by a report that may not name all"] = (
            host => Changed(
                Changed(ExchangedDevices(host), 0, seen => seen with { DeviceAddresses = [], NamesAllDevices = null }), 1, seen => seen with { NamesAllDevices = null }),
            "UsageMismatch ClaimCorrected, UsageMismatch ClaimCorrected, DeviceMissing Reported"),

        ["device missing: from the host"] = (
            host => Picture(host, devices: [AuditedHost.Nic]) with { Devices = [AuditedHost.Device(AuditedHost.Gpu)] },
            "InventoryChanged InventoryUpdated, DeviceMissing Reported"),
        ["device missing: from an instance whose devices may not all be named"] = (
            host => Changed(Picture(host, devices: [AuditedHost.Nic]), 0, seen => seen with { DeviceAddresses = [], NamesAllDevices = null }),
            "DeviceMissing Reported"),
    };

    private static ObservedNode Detached(AuditedHost host) =>
        Changed(Picture(host, devices: [AuditedHost.Nic]), 0, seen => seen with { DeviceAddresses = [] });

    private static ObservedNode ExchangedDevices(AuditedHost host)
    {
        host.Claim("vm-0", devices: [AuditedHost.Nic]);
        host.Claim("vm-1", devices: [AuditedHost.Gpu]);
        var picture = Changed(host.Picture(), 0, seen => seen with { DeviceAddresses = [AuditedHost.Gpu] });
        return Changed(picture, 1, seen => seen with { DeviceAddresses = [AuditedHost.Nic] });
    }
}
