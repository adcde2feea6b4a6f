using Google.Protobuf;
using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>
/// One change asked of one node: what the rules are asked, how the answer is built, who waits for it. It goes from the caller to the node's
/// worker, which decides it, and on to the committer, which completes it.
/// </summary>
/// <param name="decide">
/// Asks the rules: the picture in, the decision out. It reads the clock itself, when it is asked: a command that waited in the queue is as old as its
/// decision, so leases are whole and a node's times are in the order of its changes.
/// </param>
/// <param name="reply">Builds the answer from the node right after the change and the decision.</param>
/// <param name="request">Who asked.</param>
/// <param name="cancellation">Honoured until the command is decided.</param>
internal sealed class NodeCommand(
    Func<NodeView, Decision> decide, Func<NodeView, Decision, IMessage> reply, RequestStamp request, CancellationToken cancellation) : CommitEntry, INodeWork
{
    private readonly TaskCompletionSource<CommandOutcome> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CommandTrace? _trace = CommandTrace.Begin();
    private RequestOrigin _origin;
    private CommandOutcome _decided;
    private NodeWorker? _worker;
    private Exception? _fault;

    /// <summary>The instance that must hold no claim yet; set for new claims.</summary>
    public InstanceId? NewInstance { get; init; }

    /// <summary>Ends when the command was refused or is durable.</summary>
    public Task<CommandOutcome> Completion => _completion.Task;

    /// <summary>Whether the caller gave up.</summary>
    public bool IsCancelled => cancellation.IsCancellationRequested;

    /// <inheritdoc/>
    public override RequestOrigin Origin => _origin;

    /// <inheritdoc/>
    public override Exception? Fault => _fault;

    /// <inheritdoc/>
    public override bool IsDoneAlready => _worker?.WasFoundDurable(request.RequestId) == true;

    /// <inheritdoc/>
    public bool RunOn(NodeWorker worker)
    {
        _trace?.Deciding(worker.View.Id);
        worker.Decide(this);
        return true;
    }

    /// <summary>Asks the rules.</summary>
    public Decision Decide(NodeView node) => decide(node);

    /// <summary>The worker refused: the refusal is told once everything decided before is durable.</summary>
    public void Refuse(Refusal refusal)
    {
        _decided = new CommandOutcome(CommandStatus.Refused, Refusal: refusal);
        _trace?.Refused(refusal, NewInstance);
    }

    /// <summary>The worker accepted and applied the changes.</summary>
    public void Accept(NodeWorker worker, NodeLedger ledger, NodeView before, IReadOnlyList<AppliedChange> changes, Decision decision)
    {
        _worker = worker;
        var answer = reply(ledger.View, decision);
        _decided = new CommandOutcome(CommandStatus.Accepted, answer);
        _origin = request.ToOrigin(answer);
        if (changes.Count > 0)
            Nodes = [new NodeCommit(ledger, before, changes)];
        _trace?.Accepted(decision.Changes);
    }

    /// <summary>Deciding or applying broke an invariant: the node must be read from the store again.</summary>
    public void Break(NodeLedger ledger, NodeView before, Exception fault)
    {
        _fault = fault;
        Nodes = [new NodeCommit(ledger, before, [])];
    }

    /// <summary>Ends the command without the committer: nothing it said rests on changes that are not durable.</summary>
    public void CompleteNow() => _completion.TrySetResult(_decided);

    /// <summary>Ends the command before it was decided, or when it cannot be made durable.</summary>
    public void Complete(CommandStatus status) => _completion.TrySetResult(new CommandOutcome(status));

    /// <inheritdoc/>
    public override void Committing(int entries) => _trace?.Committing(entries);

    /// <inheritdoc/>
    public override void Committed(long answer)
    {
        if (Nodes.Count > 0)
            _worker!.OnCommitted(Nodes[0]);
        if (answer != 0)
            _worker!.Remember(_origin, answer);
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
        if (Nodes.Count > 0)
            _worker?.OnLost(Nodes[0]);
        _trace?.Committed(durable: false);
        Complete(_fault is null ? CommandStatus.InDoubt : CommandStatus.Broken);
    }
}
