using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Nodes;

/// <summary>Every equation a node's picture must satisfy. Run at recovery, by VerifyLedger and in tests.</summary>
public static class LedgerInvariants
{
    /// <summary>One class whose usage is not the sum of its claims.</summary>
    public readonly record struct UsageDifference(ResourceClass Class, long Recorded, long Summed);

    /// <summary>The classes of a node whose recorded usage differs from the sum over its claims.</summary>
    public static ValueList<UsageDifference> Verify(NodeView node) => Verify(node, node.UsedAmounts);

    /// <summary>The classes whose usage as recorded elsewhere differs from the sum over the node's claims.</summary>
    public static ValueList<UsageDifference> Verify(NodeView node, ReadOnlySpan<long> recorded)
    {
        var inventories = node.Spec.Inventories;
        var differences = new List<UsageDifference>();
        var sums = Sum(node, out var homeless);
        for (var i = 0; i < inventories.Count; i++)
        {
            if (sums[i] != recorded[i])
                differences.Add(new UsageDifference(inventories.Classes[i], recorded[i], sums[i]));
        }

        foreach (var (resourceClass, amount) in homeless)
            differences.Add(new UsageDifference(resourceClass, 0, amount));
        return ValueList.From(differences);
    }

    /// <summary>Usage by inventory place as the claims say; what is claimed of classes without an inventory comes apart.</summary>
    public static long[] Sum(NodeView node, out IReadOnlyDictionary<ResourceClass, long> withoutInventory)
    {
        var sums = new long[node.Spec.Inventories.Count];
        Dictionary<ResourceClass, long>? homeless = null;
        foreach (var claim in node.Claims.Values)
        {
            foreach (ref readonly var item in claim.Amounts.Span)
            {
                var place = node.Spec.Inventories.IndexOf(item.Class);
                if (place >= 0)
                {
                    sums[place] = checked(sums[place] + item.Amount);
                    continue;
                }

                homeless ??= [];
                homeless[item.Class] = checked(homeless.GetValueOrDefault(item.Class) + item.Amount);
            }
        }

        withoutInventory = (IReadOnlyDictionary<ResourceClass, long>?)homeless ?? System.Collections.Immutable.ImmutableDictionary<ResourceClass, long>.Empty;
        return sums;
    }

    /// <summary>What the claims use of each NUMA cell of a node.</summary>
    public static NumaUsage SumNuma(NodeSpec spec, IEnumerable<Claim> claims)
    {
        var usage = NumaUsage.None(spec.Numa);
        return spec.Numa is null ? usage : claims.Aggregate(usage, (sum, claim) => sum.With(spec.Numa, claim.Assignment.Cells));
    }
}
