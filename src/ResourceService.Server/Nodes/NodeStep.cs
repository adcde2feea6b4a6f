using Google.Protobuf;
using ResourceService.Ledger;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Nodes;

/// <summary>
/// A change of one node that may end moves to it. Their instances stay on other nodes, which are told in the same transaction: they are parked while
/// the change is decided. Without such moves it is a change of the node alone.
/// </summary>
/// <param name="fleet">What all workers share.</param>
/// <param name="stamp">Who asks.</param>
/// <param name="node">The node.</param>
/// <param name="decide">Asks the rules: the node's picture in, its changes out. It reads the clock itself, as that of a <see cref="NodeCommand"/>.</param>
/// <param name="reply">Builds the answer from the node right after the change and the decision.</param>
internal sealed class NodeStep(
    FleetServices fleet, RequestStamp stamp, NodeWorker node, Func<NodeView, Decision> decide, Func<NodeView, Decision, IMessage> reply)
    : GroupDecision(fleet, stamp)
{
    // How often the nodes are gathered anew. Each time a move to the node really began meanwhile.
    private const int RoundsMax = 32;

    private bool _lacksNode;

    /// <summary>Which moves to the node the change may end, as far as is known before it is decided; of more, it is told and begun anew.</summary>
    public Func<Migration, bool> MayEnd { get; init; } = static _ => true;

    /// <summary>Undoes what deciding did beside the ledger, when nothing comes of the decision.</summary>
    public Action Undo { get; init; } = static () => { };

    /// <summary>Posts the change, again when a node was missing, and ends when it was refused or is durable.</summary>
    public static async Task<CommandOutcome> RunAsync(Func<NodeStep> step)
    {
        for (var round = 0; round < RoundsMax; round++)
        {
            var attempt = step();
            var outcome = await attempt.PostAsync();
            if (!attempt._lacksNode)
                return outcome;
        }

        return new CommandOutcome(CommandStatus.QueueFull);
    }

    /// <inheritdoc/>
    protected override CommandOutcome DecideOn(IReadOnlyDictionary<int, GroupMember> members)
    {
        var target = members[node.View.NodeKey];
        var decision = decide(target.Before);
        if (decision.Refusal is { } refusal)
            return new CommandOutcome(CommandStatus.Refused, Refusal: refusal);
        var missing = MigrationRules.EndedElsewhere(target.Before, decision.Changes)
            .FirstOrDefault(ended => !members.ContainsKey(ended.After.Source.NodeKey));
        if (missing is not null)
        {
            _lacksNode = true;
            Undo();
            return new CommandOutcome(CommandStatus.Refused, Refusal: MigrationRules.InFlight(missing.After.Instance, missing.After.Id));
        }

        var changes = decision.Changes.Select(change => (target.Before.NodeKey, change))
            .Concat(MigrationRules.StaysElsewhere(target.Before, decision.Changes, key => members[key].Before));
        return Accept(members, [.. changes], () => reply(target.Ledger.View, decision));
    }

    /// <inheritdoc/>
    protected override void TakeBack() => Undo();

    private Task<CommandOutcome> PostAsync() => PostAsync(
        node.Newest.Migrations.Values.Where(MayEnd).Select(migration => Fleet.Nodes.Find(migration.Source.NodeKey)!).Prepend(node));
}
