namespace ResourceService.Ledger.Claims;

/// <summary>The rule by which one dimension of a request failed on a node.</summary>
public enum RefusalReason
{
    /// <summary>Nothing failed.</summary>
    None = 0,

    /// <summary>The node is disabled or draining.</summary>
    NodeNotEnabled,

    /// <summary>The caller's filter leaves the node out.</summary>
    NodeFiltered,

    /// <summary>The node lacks a required trait.</summary>
    TraitMissing,

    /// <summary>The node has a forbidden trait.</summary>
    TraitForbidden,

    /// <summary>The node has no inventory of the class.</summary>
    NoInventory,

    /// <summary>The amount is below the inventory's smallest unit.</summary>
    BelowMinUnit,

    /// <summary>The amount is above the inventory's largest unit.</summary>
    AboveMaxUnit,

    /// <summary>The amount is no multiple of the inventory's step.</summary>
    NotStepMultiple,

    /// <summary>More would be used than the request's own limit allows.</summary>
    LimitExceeded,

    /// <summary>Less is free than was asked.</summary>
    CapacityExceeded,

    /// <summary>Cells are asked for, but the node reports no NUMA topology.</summary>
    NumaTopologyMissing,

    /// <summary>More cells are asked for than the node has.</summary>
    NumaCellsTooFew,

    /// <summary>Each requested cell fits on some host cell, but not all of them together.</summary>
    NumaCellsNotCombinable,

    /// <summary>The host cell has too little memory (MiB).</summary>
    NumaMemoryExceeded,

    /// <summary>The host cell has too few free pages of the size (pages).</summary>
    NumaPagesExceeded,

    /// <summary>The host cell has no pages of the size, or the memory is no multiple of it (KiB).</summary>
    NumaPageSizeUnavailable,

    /// <summary>The host cell has fewer shared CPUs than floating vCPUs are asked for.</summary>
    NumaSharedCpusExceeded,

    /// <summary>The host cell has too few free dedicated CPUs, an emulator CPU included.</summary>
    NumaDedicatedCpusExceeded,

    /// <summary>The free dedicated CPUs do not suit the thread policy.</summary>
    NumaThreadPolicyUnmet,

    /// <summary>The request's own CPU ratio is exceeded on the host cell (CPUs).</summary>
    NumaCpuRatioExceeded,

    /// <summary>The request's own memory ratio is exceeded on the host cell (MiB).</summary>
    NumaRamRatioExceeded,

    /// <summary>A live migration would change the page size (KiB).</summary>
    NumaPageSizeChanged,

    /// <summary>No device of the node matches any alternative.</summary>
    DeviceNotMatched,

    /// <summary>Devices match, but too few are free.</summary>
    DeviceCountExceeded,

    /// <summary>Enough devices are free, but too few near the NUMA cells.</summary>
    DeviceNumaPolicyUnmet,

    /// <summary>Devices of the same socket are asked for, but a host cell reports no socket.</summary>
    DeviceSocketUnknown,

    /// <summary>Only devices that must be asked for by name are left: PF, vDPA or remote-managed ones.</summary>
    DeviceTypeNotRequested,

    /// <summary>Enough devices suit each request, but they cannot all be had together, however they are matched.</summary>
    DevicesNotCombinable,

    /// <summary>The search for a place ended at its bound before it was complete.</summary>
    SearchLimit,

    /// <summary>The node has no trait of a set of which it must have one.</summary>
    AnyOfTraitsMissing,
}

/// <summary>What a reason is about.</summary>
public enum RefusalSubject
{
    /// <summary>The node as a whole, or its NUMA cells.</summary>
    Node,

    /// <summary>A trait, by name; or several, with commas between them.</summary>
    Trait,

    /// <summary>A resource class, by name.</summary>
    ResourceClass,

    /// <summary>A device request, by name.</summary>
    DeviceRequest,
}

/// <summary>What follows from a reason.</summary>
public static class RefusalReasons
{
    /// <summary>What <see cref="RefusedDimension.Subject"/> names.</summary>
    public static RefusalSubject SubjectKind(this RefusalReason reason) => reason switch
    {
        RefusalReason.TraitMissing or RefusalReason.TraitForbidden or RefusalReason.AnyOfTraitsMissing => RefusalSubject.Trait,
        >= RefusalReason.NoInventory and <= RefusalReason.CapacityExceeded => RefusalSubject.ResourceClass,
        >= RefusalReason.DeviceNotMatched and <= RefusalReason.DevicesNotCombinable => RefusalSubject.DeviceRequest,
        _ => RefusalSubject.Node,
    };
}
