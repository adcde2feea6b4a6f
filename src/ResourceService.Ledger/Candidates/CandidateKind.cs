using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

/// <summary>What nodes of one group have in common: all that decides a request before amounts are compared.</summary>
/// <param name="Traits">What they can do.</param>
/// <param name="Units">What they have, and in which units it is given.</param>
internal sealed record CandidateKind(ValueList<string> Traits, ValueList<ClassUnits> Units)
{
    /// <summary>The kind of a node.</summary>
    public static CandidateKind Of(NodeSpec node)
    {
        var units = new ClassUnits[node.Inventories.Count];
        for (var i = 0; i < units.Length; i++)
            units[i] = new ClassUnits(node.Inventories.Classes[i], node.Inventories[i].MinUnit, node.Inventories[i].StepSize);
        return new CandidateKind(node.Traits, ValueList.Create<ClassUnits>(units));
    }

    /// <summary>The class's place among the columns of the group; -1 when the nodes have none of it.</summary>
    public int IndexOf(ResourceClass resourceClass)
    {
        for (var i = 0; i < Units.Count; i++)
        {
            if (Units[i].Class == resourceClass)
                return i;
        }

        return -1;
    }
}

/// <summary>In which units a class is given. The largest unit is not among them: it mostly is the node's total, and differs from node to node.</summary>
internal readonly record struct ClassUnits(ResourceClass Class, long MinUnit, long StepSize);
