namespace ResourceService.Ledger.Claims;

/// <summary>What an instance needs of one node.</summary>
/// <param name="Amounts">How much of each class.</param>
/// <param name="RequiredTraits">Traits the node must have.</param>
/// <param name="ForbiddenTraits">Traits the node must not have.</param>
/// <param name="UsageLimits">Per class: the most that may be used on the node once this request is admitted.</param>
public sealed record ResourceRequest(
    ResourceAmounts Amounts, ValueList<string> RequiredTraits, ValueList<string> ForbiddenTraits, ResourceAmounts UsageLimits);
