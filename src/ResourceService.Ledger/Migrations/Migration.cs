namespace ResourceService.Ledger.Migrations;

/// <summary>
/// The move of an instance: a resize or a migration. It belongs to the node that the instance moves to. While it is in flight its two claims are
/// both held: the source's is the instance's primary one and knows nothing of the move, the target's is released unless the move is confirmed.
/// Immutable: each change makes a new one.
/// </summary>
/// <param name="Type">The kind of move.</param>
/// <param name="Instance">Who moves.</param>
/// <param name="Source">The claim on the source. On the same node as the target's for a resize in place.</param>
/// <param name="Target">The claim on the target; made with the move, and named alike.</param>
/// <param name="State">Where it is.</param>
/// <param name="LeaseEnd">When it expires, and its target's claim with it; null once it has finished or ended.</param>
/// <param name="CreateTime">When it was admitted.</param>
/// <param name="UpdateTime">When it changed last.</param>
/// <param name="EndTime">When it ended; null while it is in flight.</param>
/// <param name="Reason">What was last said about its progress or its end; may be empty.</param>
public sealed record Migration(
    MigrationType Type,
    InstanceId Instance,
    ClaimId Source,
    ClaimId Target,
    MigrationState State,
    Instant? LeaseEnd,
    Instant CreateTime,
    Instant UpdateTime,
    Instant? EndTime,
    string Reason)
{
    /// <summary>Its id.</summary>
    public MigrationId Id => MigrationId.Of(Target);

    /// <summary>The target node's generation right after the move's last change.</summary>
    public long Generation { get; init; }
}
