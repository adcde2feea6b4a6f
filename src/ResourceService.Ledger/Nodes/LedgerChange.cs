using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;

namespace ResourceService.Ledger.Nodes;

/// <summary>A fact about one node, decided and therefore true. A closed set: the types in this file.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Time">When it was decided.</param>
/// <param name="Reason">Why, in the caller's words; may be empty.</param>
public abstract record LedgerChange(ChangeKind Kind, Instant Time, string Reason)
{
    /// <summary>The claim that changed, as it is now; null for changes of the node alone.</summary>
    public virtual Claim? ClaimAfter => null;

    /// <summary>
    /// Whether callers can do without the change for a while: it neither ends nor frees anything, and adds to what is kept. A store that is nearly full
    /// does not take it.
    /// </summary>
    public virtual bool CanWait => Kind is ChangeKind.InstanceClaimed or ChangeKind.MigrationClaimed
        or ChangeKind.NodeRegistered or ChangeKind.NodeUpdated or ChangeKind.NodeFieldsChanged or ChangeKind.InstanceUpdated;
}

/// <summary>What changes make of each other.</summary>
public static class LedgerChanges
{
    /// <summary>Whether callers can do without a decision for a while. An audit is judged as a whole: what it corrects came of it.</summary>
    public static bool CanWait(this IEnumerable<LedgerChange> changes)
    {
        var canWait = false;
        foreach (var change in changes)
        {
            if (change is NodeAudited)
                return change.CanWait;
            canWait |= change.CanWait;
        }

        return canWait;
    }
}

/// <summary>An agent reported its node for the first time, or with other content.</summary>
public sealed record NodeRegistered(ChangeKind Kind, Instant Time, NodeSpec Spec) : LedgerChange(Kind, Time, "");

/// <summary>Owners set something else of the node than before.</summary>
/// <param name="Time">When.</param>
/// <param name="Owners">What all owners set now.</param>
public sealed record NodeFieldsChanged(Instant Time, ValueList<OwnedFields> Owners) : LedgerChange(ChangeKind.NodeFieldsChanged, Time, "");

/// <summary>An operator changed what the node may be used for. <see cref="NodeState.Absent"/> deletes it.</summary>
public sealed record NodeStateChanged(ChangeKind Kind, Instant Time, NodeState State, string Reason) : LedgerChange(Kind, Time, Reason);

/// <summary>
/// The node has another name. A fact about one of two nodes that exchange theirs: the one that takes the old name is deleted with it.
/// </summary>
/// <param name="Kind"><see cref="ChangeKind.NodeRenamed"/>, or <see cref="ChangeKind.NodeDeleted"/> for the one that takes the old name.</param>
/// <param name="Time">When.</param>
/// <param name="Spec">What it is from here on, the name included.</param>
/// <param name="Generation">Its generation from here on: above all that were given under either name.</param>
/// <param name="State">What it may be used for from here on.</param>
/// <param name="StateReason">Why it is in this state.</param>
/// <param name="Reason">Why it was renamed.</param>
public sealed record NodeRenamed(
    ChangeKind Kind, Instant Time, NodeSpec Spec, long Generation, NodeState State, string StateReason, string Reason) : LedgerChange(Kind, Time, Reason)
{
    /// <summary>The state of the node that is renamed, before.</summary>
    public NodeState StateBefore { get; init; }

    /// <summary>The number of the node that takes the old name; null in the change of that one itself.</summary>
    public int? OtherKey { get; init; }
}

/// <summary>A claim began (<paramref name="Before"/> is null), changed, or ended (<paramref name="After"/> holds nothing).</summary>
public sealed record ClaimChanged(ChangeKind Kind, Instant Time, Claim? Before, Claim After, string Reason) : LedgerChange(Kind, Time, Reason)
{
    /// <inheritdoc/>
    public override Claim ClaimAfter => After;

    /// <summary>The move that ended and released the claim on its source, or left it there; null when none did.</summary>
    public Migration? Migration { get; init; }
}

/// <summary>
/// A move began (<paramref name="Before"/> is null), made progress, or ended, and its claim on the target with it. A fact about the target's node:
/// what becomes of the source's claim is a <see cref="ClaimChanged"/> of its own.
/// </summary>
public sealed record MigrationChanged(
    ChangeKind Kind, Instant Time, Migration? Before, Migration After, Claim? TargetBefore, Claim TargetAfter, string Reason)
    : LedgerChange(Kind, Time, Reason)
{
    /// <inheritdoc/>
    public override Claim ClaimAfter => TargetAfter;
}

/// <summary>
/// The node was compared with its host's report: the last of the changes that came of it. Not a change of the node or of its claims by itself, so
/// the generation stays.
/// </summary>
public sealed record NodeAudited(Instant Time, Audit Audit) : LedgerChange(ChangeKind.NodeAudited, Time, "")
{
    /// <inheritdoc/>
    public override bool CanWait => Audit.Mode == AuditMode.Report;
}

/// <summary>What happened. Numbers are stored: only add.</summary>
public enum ChangeKind
{
    /// <summary>A node was registered for the first time, or again after it was deleted.</summary>
    NodeRegistered = 1,

    /// <summary>A node's inventory, topology, devices, traits or labels changed.</summary>
    NodeUpdated = 2,

    /// <summary>A node was enabled, disabled or set to drain.</summary>
    NodeStateChanged = 3,

    /// <summary>A node was deleted.</summary>
    NodeDeleted = 4,

    /// <summary>An owner set, or let go of, something of a node above what its agent reports.</summary>
    NodeFieldsChanged = 5,

    /// <summary>A node got another name.</summary>
    NodeRenamed = 6,

    /// <summary>An instance claimed resources under a lease.</summary>
    InstanceClaimed = 10,

    /// <summary>A held claim was confirmed.</summary>
    ClaimConfirmed = 11,

    /// <summary>A held claim's lease was extended.</summary>
    ClaimRenewed = 12,

    /// <summary>A held claim was aborted: its build failed.</summary>
    ClaimAborted = 13,

    /// <summary>A held claim's lease ended.</summary>
    ClaimExpired = 14,

    /// <summary>A claim was released: its instance or its node was deleted.</summary>
    ClaimReleased = 15,

    /// <summary>An instance's states changed.</summary>
    InstanceUpdated = 16,

    /// <summary>A move ended and its instance stays where it was: a picture taken before may show it elsewhere.</summary>
    InstanceStayed = 17,

    /// <summary>A move was started, its target claimed.</summary>
    MigrationClaimed = 30,

    /// <summary>A move made progress.</summary>
    MigrationUpdated = 31,

    /// <summary>A move was confirmed: its target is the instance's primary claim now.</summary>
    MigrationConfirmed = 32,

    /// <summary>A move was taken back, its target released.</summary>
    MigrationReverted = 33,

    /// <summary>A move failed, its target released.</summary>
    MigrationFailed = 34,

    /// <summary>A move's lease ended, its target released.</summary>
    MigrationExpired = 35,

    /// <summary>A node was compared with its host's report.</summary>
    NodeAudited = 40,

    /// <summary>An audit gave an untracked instance a claim.</summary>
    InstanceAdopted = 41,

    /// <summary>An audit corrected a claim to what its host runs.</summary>
    ClaimCorrected = 42,

    /// <summary>An audit counted what its host runs of an instance that could not be adopted.</summary>
    InstanceCounted = 43,
}
