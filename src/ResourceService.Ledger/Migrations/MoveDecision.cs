using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Migrations;

/// <summary>
/// What the rules say to a step that concerns both nodes of a move: refused, or accepted with the changes of each. On one node, as in a resize in
/// place, the changes of the target come first.
/// </summary>
public readonly record struct MoveDecision(ValueList<LedgerChange> OnTarget, ValueList<LedgerChange> OnSource, Refusal? Refusal)
{
    /// <summary>Accepted.</summary>
    public static MoveDecision Accept(ValueList<LedgerChange> onTarget, ValueList<LedgerChange> onSource) => new(onTarget, onSource, null);

    /// <summary>Refused.</summary>
    public static MoveDecision Refuse(Refusal refusal) => new([], [], refusal);
}
