namespace ResourceService.Ledger.Claims;

/// <summary>One dimension that failed.</summary>
/// <param name="Reason">The rule.</param>
/// <param name="Subject">What it is about: a resource class, a trait, the name of a device request or the node's state; empty for NUMA.</param>
/// <param name="Requested">The amount asked, where there is one.</param>
/// <param name="Available">What could still be had; negative while an overage lasts.</param>
/// <param name="Capacity">The bound that was passed: capacity, limit, smallest or largest unit, or step.</param>
public readonly record struct RefusedDimension(RefusalReason Reason, string Subject, long Requested, long Available, long Capacity)
{
    /// <summary>The host's number of the NUMA cell concerned.</summary>
    public int? HostCellId { get; init; }

    /// <summary>The place of the NUMA cell in the request, from 0.</summary>
    public int? RequestCell { get; init; }

    /// <summary>Whether ISOLATE is what the cell cannot have: it has hardware threads, and its dedicated CPUs are not the shared ones.</summary>
    public bool IsolateNeedsSharedCpus { get; init; }

    /// <summary>
    /// What of the amount cannot be had, as a share of it; of a claim's units, by how much they are missed. 1 where no amounts say how much is lacking.
    /// </summary>
    public double Shortage => Reason switch
    {
        RefusalReason.AboveMaxUnit => ShareOfRequested(Requested - Capacity),
        RefusalReason.BelowMinUnit => ShareOfRequested(Capacity - Requested),
        RefusalReason.NotStepMultiple => ShareOfRequested(Requested % Capacity),
        // As numbers of their own: the difference of two longs may be none.
        _ => Requested > 0 && Available < Requested ? ((double)Requested - Available) / Requested : 1,
    };

    /// <summary>A set of traits of which the node has none.</summary>
    public static RefusedDimension NoneOf(ValueList<string> traits) => new(RefusalReason.AnyOfTraitsMissing, string.Join(',', traits), 0, 0, 0);

    /// <summary>What a node that takes no claims lacks.</summary>
    public static RefusedDimension OfState(Nodes.NodeState state) => new(RefusalReason.NodeNotEnabled, state.ToString().ToUpperInvariant(), 0, 0, 0);

    /// <summary>A search that ended at its bound, in steps, before it was complete.</summary>
    public static RefusedDimension SearchEnded(int bound) => new(RefusalReason.SearchLimit, "", 0, 0, bound);

    /// <inheritdoc/>
    public override string ToString() => Reason switch
    {
        RefusalReason.NodeNotEnabled => $"the node is {Subject}",
        RefusalReason.TraitMissing => $"trait {Subject} is missing",
        RefusalReason.TraitForbidden => $"trait {Subject} is forbidden",
        RefusalReason.AnyOfTraitsMissing => $"none of the traits {Subject.Replace(",", ", ", StringComparison.Ordinal)} is there",
        RefusalReason.NoInventory => $"{Subject}: {Requested} requested, the node has none",
        RefusalReason.BelowMinUnit => $"{Subject}: {Requested} requested, at least {Capacity} per claim",
        RefusalReason.AboveMaxUnit => $"{Subject}: {Requested} requested, at most {Capacity} per claim",
        RefusalReason.NotStepMultiple => $"{Subject}: {Requested} requested, must be a multiple of {Capacity}",
        RefusalReason.LimitExceeded => $"{Subject}: {Requested} requested, {Available} left under the request's limit of {Capacity}",
        RefusalReason.CapacityExceeded => $"{Subject}: {Requested} requested, {Available} of {Capacity} available",
        RefusalReason.NumaTopologyMissing => "NUMA cells requested, the node reports none",
        RefusalReason.NumaCellsTooFew => $"{Requested} NUMA cells requested, the node has {Capacity}",
        RefusalReason.NumaCellsNotCombinable => "each requested NUMA cell fits somewhere, but not all of them together",
        RefusalReason.NumaMemoryExceeded => $"{Cells}: {Requested} MiB requested, {Available} of {Capacity} available",
        RefusalReason.NumaPagesExceeded => $"{Cells}: {Requested} pages requested, {Available} of {Capacity} free",
        RefusalReason.NumaPageSizeUnavailable => $"{Cells}: no suitable pages of {Requested} KiB",
        RefusalReason.NumaSharedCpusExceeded => $"{Cells}: {Requested} floating vCPUs requested, the cell shares {Capacity} CPUs",
        RefusalReason.NumaDedicatedCpusExceeded => $"{Cells}: {Requested} dedicated CPUs requested, {Available} of {Capacity} free",
        RefusalReason.NumaThreadPolicyUnmet when IsolateNeedsSharedCpus =>
            $"{Cells}: {Requested} CPUs requested with thread policy ISOLATE, which on a host with hardware threads needs dedicated_cpus equal to shared_cpus",
        RefusalReason.NumaThreadPolicyUnmet => $"{Cells}: {Requested} CPUs requested, the free ones do not suit the thread policy",
        RefusalReason.NumaCpuRatioExceeded => $"{Cells}: {Requested} floating vCPUs requested, {Available} left under the request's ratio",
        RefusalReason.NumaRamRatioExceeded => $"{Cells}: {Requested} MiB requested, {Available} left under the request's ratio",
        RefusalReason.NumaPageSizeChanged => $"NUMA cell {RequestCell}: pages of {Requested} KiB on the source, of {Available} KiB here",
        RefusalReason.DeviceNotMatched => $"device request {Subject}: no device of the node matches",
        RefusalReason.DeviceCountExceeded => $"device request {Subject}: {Requested} requested, {Available} of {Capacity} free",
        RefusalReason.DeviceNumaPolicyUnmet => $"device request {Subject}: {Requested} requested, {Available} of {Capacity} near the NUMA cells",
        RefusalReason.DeviceSocketUnknown => $"device request {Subject}: a host cell reports no socket",
        RefusalReason.DeviceTypeNotRequested => $"device request {Subject}: only devices that must be asked for by type or tag are left",
        RefusalReason.DevicesNotCombinable =>
            $"device request {Subject}: {Requested} requested, {Available} can be had together with what those before it need, however they are matched",
        RefusalReason.SearchLimit => $"the search for a place ended at its bound of {Capacity} steps: the request may fit",
        _ => Reason.ToString(),
    };

    private double ShareOfRequested(long amount) => (double)amount / Requested;

    private string Cells => $"NUMA cell {RequestCell} on host cell {HostCellId}";
}
