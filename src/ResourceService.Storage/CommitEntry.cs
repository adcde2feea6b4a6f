using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage;

/// <summary>
/// What one request changes, to be made durable as a whole. An entry without changes waits for all that was given before it: a refusal
/// that was decided on changes not yet durable must not be told before they are.
/// </summary>
public abstract class CommitEntry
{
    /// <summary>The nodes changed; mostly one, none for an entry that only waits.</summary>
    public IReadOnlyList<NodeCommit> Nodes { get; protected set; } = [];

    /// <summary>Usage to keep for plots; mostly none.</summary>
    public virtual IReadOnlyList<UsageSnapshot> Snapshots => [];

    /// <summary>Refused claims to keep; mostly none.</summary>
    public virtual RefusalWrite? Refusals => null;

    /// <summary>History that is no longer kept, to be deleted in the same transaction; mostly none.</summary>
    public virtual RetentionStep? Retention => null;

    /// <summary>Who asked.</summary>
    public virtual RequestOrigin Origin => RequestOrigin.Service;

    /// <summary>Requests that the entry carries out besides its own, known by ids of their own, with the answers to keep for their retries; mostly none.</summary>
    public virtual IReadOnlyList<RequestOrigin> InnerRequests => [];

    /// <summary>
    /// Whether the entry's request turned out to be durable, after a commit in doubt, while this entry was on its way: it must not be done twice. Asked
    /// on the writer's thread, right before the entry would be written.
    /// </summary>
    public virtual bool IsDoneAlready => false;

    /// <summary>Why the writer cannot take the entry, so that its nodes are read again. Set by the writer.</summary>
    internal Exception? RefusedBecause { get; set; }

    /// <summary>Set when the nodes' ledgers broke an invariant: the entry fails, and the nodes are read from the store again.</summary>
    public virtual Exception? Fault => null;

    /// <summary>The transaction that takes the entry begins. Called on the writer's thread.</summary>
    /// <param name="entries">How many entries it takes.</param>
    public virtual void Committing(int entries)
    {
    }

    /// <summary>
    /// The entry is durable: readers may see it. Called once, on the writer's thread: short, and it never throws.
    /// </summary>
    /// <param name="answer">Where a retry finds the entry's answer: see <see cref="RememberedRequest"/>; 0 when it carries none.</param>
    public abstract void Committed(long answer);

    /// <summary>
    /// Everything that the batch changed is visible, its events included: the caller may be told, and whatever it asks next shows its change.
    /// </summary>
    public virtual void Acknowledge()
    {
    }

    /// <summary>
    /// The entry is not known to be durable; the ledgers it changed are poisoned. Called once, on the writer's thread, instead of
    /// <see cref="Committed"/>.
    /// </summary>
    public abstract void Failed();
}

/// <summary>The changes of one entry on one node, in order.</summary>
/// <param name="Ledger">The ledger they were applied to; poisoned when they do not become durable.</param>
/// <param name="Before">The node that the first change started from.</param>
/// <param name="Changes">The changes; none only in an entry with a fault.</param>
public sealed record NodeCommit(NodeLedger Ledger, NodeView Before, IReadOnlyList<AppliedChange> Changes);
