using Google.Protobuf;
using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>
/// One change of several nodes, and its way to the disk: decided on all of them while nothing else is decided there, and durable in one
/// transaction. What a <see cref="NodeCommand"/> is for one node.
/// </summary>
internal abstract class GroupDecision(FleetServices fleet, RequestStamp stamp) : CommitEntry
{
    private readonly TaskCompletionSource<CommandOutcome> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CommandTrace? _trace = CommandTrace.Begin();
    private RequestOrigin _origin;
    private CommandOutcome _decided;
    private Exception? _fault;
    private IReadOnlyList<GroupMember> _changed = [];

    /// <summary>What all workers share.</summary>
    protected FleetServices Fleet { get; } = fleet;

    /// <inheritdoc/>
    public override RequestOrigin Origin => _origin;

    /// <inheritdoc/>
    public override Exception? Fault => _fault;

    /// <inheritdoc/>
    public override bool IsDoneAlready => Fleet.Requests.WasFoundDurable(stamp.RequestId);

    /// <summary>Posts the change to the nodes that it may concern, and ends when it was refused or is durable.</summary>
    public Task<CommandOutcome> PostAsync(params IEnumerable<NodeWorker> workers)
    {
        if (Fleet.Committer.IsAvailable)
            new NodeGroup(Decide, Complete).Post([.. workers.Distinct()]);
        else
            Complete(CommandStatus.StoreUnavailable);
        return _completion.Task;
    }

    /// <summary>Asks the rules, and either refuses or calls <see cref="Accept"/>. Until then the ledgers are only read.</summary>
    protected abstract CommandOutcome DecideOn(IReadOnlyDictionary<int, GroupMember> members);

    /// <summary>Takes out of the registry what was entered for changes that will not be.</summary>
    protected abstract void TakeBack();

    /// <summary>Applies the changes. From here on the group must succeed in memory; only the disk can still fail it.</summary>
    /// <param name="members">The nodes of the group.</param>
    /// <param name="changes">What changes, in the order in which the history tells it.</param>
    /// <param name="reply">Builds the answer, from the ledgers as they are then.</param>
    protected CommandOutcome Accept(
        IReadOnlyDictionary<int, GroupMember> members, IReadOnlyList<(int NodeKey, LedgerChange Change)> changes, Func<IMessage> reply)
    {
        if (Fleet.Committer.IsNearlyFull && changes.Select(change => change.Change).CanWait())
        {
            TakeBack();
            return new CommandOutcome(CommandStatus.StoreNearlyFull);
        }

        foreach (var (nodeKey, change) in changes)
            members[nodeKey].Changes.Add(members[nodeKey].Ledger.Apply(change));
        _changed = [.. changes.Select(change => members[change.NodeKey]).Distinct()];
        Nodes = [.. _changed.Select(member => new NodeCommit(member.Ledger, member.Before, member.Changes))];
        var answer = reply();
        _origin = stamp.ToOrigin(answer);
        return new CommandOutcome(CommandStatus.Accepted, answer);
    }

    /// <inheritdoc/>
    public override void Committing(int entries) => _trace?.Committing(entries);

    /// <inheritdoc/>
    public override void Committed(long answer)
    {
        for (var i = 0; i < _changed.Count; i++)
            _changed[i].Worker.OnCommitted(Nodes[i]);
        if (answer != 0)
            Fleet.Requests.Remember(_origin, answer);
    }

    /// <inheritdoc/>
    public override void Acknowledge()
    {
        _trace?.Committed(durable: true);
        _completion.TrySetResult(_decided);
    }

    /// <inheritdoc/>
    public override void Failed()
    {
        for (var i = 0; i < _changed.Count; i++)
            _changed[i].Worker.OnLost(Nodes[i]);
        _trace?.Committed(durable: false);
        Complete(_fault is null ? CommandStatus.InDoubt : CommandStatus.Broken);
    }

    private GroupDecision Decide(IReadOnlyDictionary<int, GroupMember> members)
    {
        try
        {
            // A refusal may rest on changes that are not durable yet: it takes the same way and waits for them.
            _trace?.Deciding(members.Values.Select(member => member.Before.Id));
            _decided = DecideOn(members);
            if (_decided.Refusal?.Kind == RefusalKind.StaleGeneration)
                Fleet.Metrics.CallerWasStale();
            if (_decided.Refusal is { } refusal)
                _trace?.Refused(refusal);
            else
                _trace?.Accepted(_changed.SelectMany(member => member.Changes).Select(applied => applied.Change));
        }
        catch (Exception fault)
        {
            // Whatever it is, it must not leave this thread: the workers of the group would stay parked.
            // Some ledgers may be changed and others not: none can be trusted, and the committer reads all of them from the store again.
            TakeBack();
            foreach (var member in members.Values)
                member.Ledger.Poison();
            _fault = fault;
            _changed = [];
            Nodes = [.. members.Values.Select(member => new NodeCommit(member.Ledger, member.Before, []))];
        }

        return this;
    }

    private void Complete(CommandStatus status) => _completion.TrySetResult(new CommandOutcome(status));
}
