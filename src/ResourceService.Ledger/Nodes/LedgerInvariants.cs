using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
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
                    sums[place] += item.Amount;
                    continue;
                }

                homeless ??= [];
                homeless[item.Class] = homeless.GetValueOrDefault(item.Class) + item.Amount;
            }
        }

        withoutInventory = (IReadOnlyDictionary<ResourceClass, long>?)homeless ?? System.Collections.Immutable.ImmutableDictionary<ResourceClass, long>.Empty;
        return sums;
    }

    /// <summary>What is wrong with the moves in flight to a node: each has a claim here as its target, held as long as it is, and the other way round.</summary>
    public static ValueList<string> VerifyMigrations(NodeView node)
    {
        var targets = node.Claims.Values.Where(claim => claim.Role == ClaimRole.MoveTarget).ToDictionary(claim => claim.Id);
        var wrong = new List<string>();
        foreach (var migration in node.Migrations.Values)
        {
            if (!targets.Remove(migration.Target, out var target))
                wrong.Add($"migration {migration.Id} is in flight, but its target {migration.Target} is not held");
            else if (target.State != ClaimState.Held || target.LeaseEnd != migration.LeaseEnd || target.Instance.Id != migration.Instance)
                wrong.Add($"migration {migration.Id} and its target disagree on lease, instance or state");
            if (!migration.State.IsInFlight() || (migration.State == MigrationState.Finished) != migration.LeaseEnd is null)
                wrong.Add($"migration {migration.Id} is {migration.State} with {(migration.LeaseEnd is null ? "no" : "a")} lease");
        }

        wrong.AddRange(targets.Values.Select(target => $"claim {target.Id} is the target of a move that is not in flight"));
        return ValueList.From(wrong);
    }

    /// <summary>What the claims use of each NUMA cell of a node.</summary>
    public static NumaUsage SumNuma(NodeSpec spec, IEnumerable<Claim> claims)
    {
        var usage = NumaUsage.None(spec.Numa);
        return spec.Numa is null ? usage : claims.Aggregate(usage, (sum, claim) => sum.With(spec.Numa, claim.Assignment.Cells));
    }
}
