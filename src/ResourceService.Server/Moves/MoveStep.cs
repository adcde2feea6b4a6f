using Google.Protobuf;
using ResourceService.Ledger;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Moves;

/// <summary>
/// A step of a move that concerns both of its nodes: decided while both are parked and durable in one transaction, so that nothing can come between
/// what happens on the target and what happens on the source. A step on one node, as in a resize in place, is a group of one.
/// </summary>
/// <param name="fleet">What all workers share.</param>
/// <param name="stamp">Who asks.</param>
/// <param name="target">The node to move to.</param>
/// <param name="source">The node to move from.</param>
/// <param name="decide">Asks the rules: the target's picture and the source's in, the decision out.</param>
/// <param name="reply">Builds the answer from the decision and the two nodes right after it.</param>
internal sealed class MoveStep(
    FleetServices fleet, RequestStamp stamp, NodeWorker target, NodeWorker source, Func<NodeView, NodeView, MoveDecision> decide,
    Func<MoveDecision, NodeView, NodeView, IMessage> reply) : GroupDecision(fleet, stamp)
{
    private Migration? _entered;

    /// <summary>Posts the step to both nodes, and ends when it was refused or is durable.</summary>
    public Task<CommandOutcome> PostAsync() => PostAsync(target, source);

    /// <inheritdoc/>
    protected override CommandOutcome DecideOn(IReadOnlyDictionary<int, GroupMember> members)
    {
        var (onTarget, onSource) = (members[target.View.NodeKey], members[source.View.NodeKey]);
        var decision = decide(onTarget.Before, onSource.Before);
        if (decision.Refusal is { } refusal)
            return new CommandOutcome(CommandStatus.Refused, Refusal: refusal);
        if (decision.OnTarget is [.., MigrationChanged { Before: null, After: var started }])
            Enter(started);

        var changes = decision.OnTarget.Select(change => (onTarget.Before.NodeKey, change))
            .Concat(decision.OnSource.Select(change => (onSource.Before.NodeKey, change)));
        return Accept(members, [.. changes], () => reply(decision, onTarget.Ledger.View, onSource.Ledger.View));
    }

    /// <inheritdoc/>
    protected override void TakeBack()
    {
        if (_entered is { } started)
            Fleet.Instances.Leave(started.Instance, started.Target);
    }

    // Nobody else enters a move of this instance meanwhile: who does must own the source.
    private void Enter(Migration started)
    {
        Invariant.Require(
            Fleet.Instances.TryEnterMove(started.Instance, started.Source, started.Target), "an instance that starts to move holds its primary claim alone");
        _entered = started;
    }
}
