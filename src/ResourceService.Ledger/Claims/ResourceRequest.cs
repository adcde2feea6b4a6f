using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Claims;

/// <summary>What an instance needs of one node.</summary>
/// <param name="Amounts">How much of each class.</param>
/// <param name="RequiredTraits">Traits the node must have.</param>
/// <param name="ForbiddenTraits">Traits the node must not have.</param>
/// <param name="UsageLimits">Per class: the most that may be used on the node once this request is admitted.</param>
public sealed record ResourceRequest(
    ResourceAmounts Amounts, ValueList<string> RequiredTraits, ValueList<string> ForbiddenTraits, ResourceAmounts UsageLimits)
{
    /// <summary>Sets of traits, of each of which the node must have one. Ordered, so that what says the same is equal.</summary>
    public ValueList<ValueList<string>> AnyOfTraits { get; init; } = [];

    /// <summary>The NUMA cells, pinning and page sizes; null for anywhere on the node.</summary>
    public NumaRequest? Numa { get; init; }

    /// <summary>Devices, tested in this order.</summary>
    public ValueList<DeviceRequest> Devices { get; init; } = [];

    /// <summary>The most floating vCPUs for each shared CPU of a NUMA cell; null when it is not tested.</summary>
    public double? CpuAllocationRatio { get; init; }

    /// <summary>The most memory promised for each MiB of a NUMA cell; null when it is not tested.</summary>
    public double? RamAllocationRatio { get; init; }

    /// <summary>Amounts and nothing else.</summary>
    public static ResourceRequest Of(ResourceAmounts amounts) => new(amounts, [], [], ResourceAmounts.Empty);

    /// <summary>Whether it asks for more than amounts.</summary>
    public bool IsPlain => Numa is null && Devices.Count == 0 && RequiredTraits.Count == 0 && ForbiddenTraits.Count == 0 && AnyOfTraits.Count == 0
        && UsageLimits.Count == 0;
}
