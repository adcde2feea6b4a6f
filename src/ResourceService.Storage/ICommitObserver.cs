using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage;

/// <summary>What the rest of the service must know of commits. Called on the committer's thread, in order; implementations are short.</summary>
public interface ICommitObserver
{
    /// <summary>A batch is durable; its nodes do not show it yet.</summary>
    void OnDurable(CommitBatch batch)
    {
    }

    /// <summary>A batch is durable and its nodes show it; nobody was told yet.</summary>
    void OnCommitted(CommitBatch batch, int entries);

    /// <summary>The store failed: changes are refused until <see cref="OnStoreRecovered"/>.</summary>
    void OnStoreLost(Exception cause);

    /// <summary>The store works again. What it holds replaces what memory believed of these nodes.</summary>
    /// <param name="nodes">The durable state of every node whose ledger was poisoned and that the store knows.</param>
    /// <param name="unknown">The poisoned nodes that the store does not know.</param>
    /// <param name="requests">The requests that turned out durable although their commit was in doubt.</param>
    void OnStoreRecovered(IReadOnlyList<NodeView> nodes, IReadOnlyCollection<int> unknown, IReadOnlyList<RememberedRequest> requests);

    /// <summary>The ledgers of nodes broke their own rules. What the store holds replaces what memory believed of them; the store itself is sound.</summary>
    /// <param name="fault">What broke.</param>
    /// <param name="nodes">The durable state of the nodes that the store knows.</param>
    /// <param name="unknown">The nodes that it does not know.</param>
    void OnLedgerBroken(Exception fault, IReadOnlyList<NodeView> nodes, IReadOnlyCollection<int> unknown);
}
