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
}

/// <summary>One dimension that failed.</summary>
/// <param name="Reason">The rule.</param>
/// <param name="Subject">What it is about: a resource class or a trait.</param>
/// <param name="Requested">The amount asked, where there is one.</param>
/// <param name="Available">What could still be had; negative while an overage lasts.</param>
/// <param name="Capacity">The bound that was passed: capacity, limit, smallest or largest unit, or step.</param>
public readonly record struct RefusedDimension(RefusalReason Reason, string Subject, long Requested, long Available, long Capacity)
{
    /// <inheritdoc/>
    public override string ToString() => Reason switch
    {
        RefusalReason.TraitMissing => $"trait {Subject} is missing",
        RefusalReason.TraitForbidden => $"trait {Subject} is forbidden",
        RefusalReason.NoInventory => $"{Subject}: {Requested} requested, the node has none",
        RefusalReason.BelowMinUnit => $"{Subject}: {Requested} requested, at least {Capacity} per claim",
        RefusalReason.AboveMaxUnit => $"{Subject}: {Requested} requested, at most {Capacity} per claim",
        RefusalReason.NotStepMultiple => $"{Subject}: {Requested} requested, must be a multiple of {Capacity}",
        RefusalReason.LimitExceeded => $"{Subject}: {Requested} requested, {Available} left under the request's limit of {Capacity}",
        _ => $"{Subject}: {Requested} requested, {Available} of {Capacity} available",
    };
}
