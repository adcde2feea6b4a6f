namespace ResourceService.Ledger.Nodes;

/// <summary>How much of a class a node is to use. What is null is not tested; a node without inventory of the class never meets it.</summary>
/// <param name="Class">The class.</param>
/// <param name="MinFree">The least that is free.</param>
/// <param name="MaxFree">The most that is free.</param>
/// <param name="MinUsedRatio">The least share in use, as <see cref="NodeView.UsedRatioAt"/> has it.</param>
/// <param name="MaxUsedRatio">The greatest share in use.</param>
public sealed record UsageCondition(ResourceClass Class, long? MinFree, long? MaxFree, double? MinUsedRatio, double? MaxUsedRatio)
{
    /// <summary>Whether the node meets it.</summary>
    public bool Holds(NodeView node)
    {
        var place = node.Spec.Inventories.IndexOf(Class);
        if (place < 0)
            return false;
        var free = node.FreeAt(place);
        var ratio = node.UsedRatioAt(place);
        // A comparison with null is false, and so refuses nothing.
        return !(free < MinFree) && !(free > MaxFree) && !(ratio < MinUsedRatio) && !(ratio > MaxUsedRatio);
    }
}
