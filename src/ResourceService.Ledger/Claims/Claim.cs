namespace ResourceService.Ledger.Claims;

/// <summary>The record that grants resources on one node to one instance. Immutable: each change makes a new one.</summary>
/// <param name="Id">Its id; names the node as well.</param>
/// <param name="Instance">Who holds the resources.</param>
/// <param name="Request">What was asked for; its amounts are held while the claim lives.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="LeaseEnd">When a held claim expires; null once it is not held, and while it is the target of a move that has finished.</param>
/// <param name="CreateTime">When it was admitted.</param>
/// <param name="UpdateTime">When it changed last.</param>
/// <param name="Reason">Why it ended; empty while it lives.</param>
public sealed record Claim(
    ClaimId Id,
    Instance Instance,
    ResourceRequest Request,
    ClaimState State,
    Instant? LeaseEnd,
    Instant CreateTime,
    Instant UpdateTime,
    string Reason)
{
    /// <summary>The cells, CPUs, pages and devices given. Held while the claim lives.</summary>
    public Assignment Assignment { get; init; } = Assignment.None;

    /// <summary>The part it plays for its instance.</summary>
    public ClaimRole Role { get; init; } = ClaimRole.Primary;

    /// <summary>The node's generation right after the claim's last change. Given when the change is applied.</summary>
    public long Generation { get; init; }

    /// <summary>What is held of each class while the claim lives.</summary>
    public ResourceAmounts Amounts => Request.Amounts;
}
