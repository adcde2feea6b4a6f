namespace ResourceService.Ledger.Epochs;

/// <summary>The highest numbers that were or may have been given.</summary>
/// <param name="Revision">Of revisions and of the generations of all nodes: a node's generation rises with a revision, so it is never the higher one.</param>
/// <param name="Sequence">Of claims, moves and audits.</param>
public readonly record struct NumberFloors(long Revision, long Sequence)
{
    /// <summary>The higher of both.</summary>
    public NumberFloors Max(NumberFloors other) => new(Math.Max(Revision, other.Revision), Math.Max(Sequence, other.Sequence));
}
