namespace ResourceService.Server.Nodes;

/// <summary>Something to do for a node, in the order of its channel, by whoever owns the node's ledger at that moment.</summary>
internal interface INodeWork
{
    /// <summary>
    /// Does it. False parks the worker: nothing of this node is decided, and no thread waits, until <see cref="NodeWorker.Resume"/>.
    /// </summary>
    bool RunOn(NodeWorker worker);
}
