using ResourceService.Ledger.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>
/// A change of several nodes at once. Each node's worker parks when it comes to its part of the group; the last to come owns all of them, and
/// decides. No thread waits. Groups are posted one at a time to all their nodes, so two groups that share nodes meet in the same order on
/// each: neither can wait for the other.
/// </summary>
/// <param name="decide">
/// Called once, by the last worker to come. Says what each node's changes are, or that there are none, in an entry to commit.
/// </param>
/// <param name="fail">Called instead when the group cannot be carried out.</param>
internal sealed class NodeGroup(Func<IReadOnlyDictionary<int, GroupMember>, CommitEntry> decide, Action<CommandStatus> fail)
{
    private readonly Lock _gate = new();
    private readonly List<NodeWorker> _parked = [];
    private int _missing;
    private bool _abandoned;

    // Posting is short: a try-write per node.
    private static readonly Lock _posting = new();

    /// <summary>Posts the group to its nodes; each once.</summary>
    public void Post(IReadOnlyCollection<NodeWorker> workers)
    {
        _missing = workers.Count;
        var posted = new List<NodeWorker>(workers.Count);
        lock (_posting)
        {
            foreach (var worker in workers)
            {
                if (!worker.TryEnqueue(new Part(this)))
                {
                    Abandon(CommandStatus.QueueFull);
                    break;
                }

                posted.Add(worker);
            }
        }

        foreach (var worker in posted)
            worker.Kick();
    }

    private bool Arrive(NodeWorker worker)
    {
        lock (_gate)
        {
            if (_abandoned)
                return true;
            _parked.Add(worker);
            if (--_missing > 0)
                return false;
        }

        Decide(worker);
        foreach (var parked in _parked)
        {
            if (parked != worker)
                parked.Resume();
        }

        return true;
    }

    private void Decide(NodeWorker last)
    {
        var members = new Dictionary<int, GroupMember>();
        foreach (var worker in _parked)
        {
            if (worker.TryOwn() is not { } member)
            {
                fail(CommandStatus.StoreUnavailable);
                return;
            }

            members.Add(member.Before.NodeKey, member);
        }

        last.Submit(decide(members), members.Values);
    }

    // Whoever parked for the group goes on without it; whoever comes to its part later passes over it.
    private void Abandon(CommandStatus status)
    {
        lock (_gate)
            _abandoned = true;
        foreach (var parked in _parked)
            parked.Resume();
        fail(status);
    }

    private sealed class Part(NodeGroup group) : INodeWork
    {
        public bool RunOn(NodeWorker worker) => group.Arrive(worker);
    }
}

/// <summary>A node of a group while the group owns it.</summary>
/// <param name="Worker">The node's worker.</param>
/// <param name="Ledger">Its ledger.</param>
/// <param name="Before">The node before the group's changes.</param>
internal sealed record GroupMember(NodeWorker Worker, NodeLedger Ledger, NodeView Before)
{
    /// <summary>The changes applied for the group.</summary>
    public List<AppliedChange> Changes { get; } = [];
}
