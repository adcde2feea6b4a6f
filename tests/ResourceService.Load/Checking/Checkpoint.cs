using ResourceService.V1;

namespace ResourceService.Load.Checking;

/// <summary>
/// Compares what must agree while nothing is in flight. For every node and class: use as ListNodes says == sum of its live claims as ListClaims says
/// == sum of the claims acknowledged to this tool, and no more than the capacity. Claim for claim: acknowledged == listed.
/// </summary>
internal static class Checkpoint
{
    public static IReadOnlyList<string> Compare(IReadOnlyList<Node> nodes, IReadOnlyList<Claim> listed, IReadOnlyList<AcknowledgedClaim> acknowledged)
    {
        var disagreements = new List<string>();
        CompareClaims(listed, acknowledged, disagreements);
        CompareUsage(nodes, listed, acknowledged, disagreements);
        return disagreements;
    }

    private static void CompareClaims(IReadOnlyList<Claim> listed, IReadOnlyList<AcknowledgedClaim> acknowledged, List<string> disagreements)
    {
        var listedById = listed.ToLookup(claim => claim.ClaimId);
        foreach (var claim in acknowledged)
        {
            switch (listedById[claim.ClaimId].ToArray())
            {
                case []:
                    disagreements.Add($"LOST: claim {claim.ClaimId} of {claim.InstanceId} on {claim.NodeId} was acknowledged and is not listed.");
                    break;
                case [var one] when claim.Agrees(one):
                    break;
                case [var one]:
                    disagreements.Add($"Claim {claim} is listed as {one.State} of {one.Instance.InstanceId} on {one.NodeId}, with {one.Resources}.");
                    break;
                case var several:
                    disagreements.Add($"Claim {claim.ClaimId} of {claim.InstanceId} is listed {several.Length} times.");
                    break;
            }
        }
        var known = acknowledged.Select(claim => claim.ClaimId).ToHashSet(StringComparer.Ordinal);
        foreach (var claim in listed.Where(claim => !known.Contains(claim.ClaimId)))
        {
            disagreements.Add($"Claim {claim.ClaimId} of {claim.Instance.InstanceId} on {claim.NodeId} is listed as {claim.State}, "
                + "but was released or never acknowledged.");
        }
    }

    private static void CompareUsage(
        IReadOnlyList<Node> nodes, IReadOnlyList<Claim> listed, IReadOnlyList<AcknowledgedClaim> acknowledged, List<string> disagreements)
    {
        var byClaims = Sum(listed.SelectMany(claim => claim.Resources.Select(amount => (claim.NodeId, amount.Key, amount.Value))));
        var byModel = Sum(acknowledged.SelectMany(claim => claim.Resources.Select(amount => (claim.NodeId, amount.Key, amount.Value))));
        var byNodes = nodes
            .SelectMany(node => node.Usage.Select(usage => (Key: (node.NodeId, usage.Key), usage.Value)))
            .ToDictionary(entry => entry.Key, entry => entry.Value);
        foreach (var key in byNodes.Keys.Union(byClaims.Keys).Union(byModel.Keys))
        {
            var usage = byNodes.GetValueOrDefault(key);
            var used = usage?.Used ?? 0;
            var (claimed, expected) = (byClaims.GetValueOrDefault(key), byModel.GetValueOrDefault(key));
            if (used != claimed || used != expected)
            {
                disagreements.Add($"{key.Item1} {key.Item2}: the node says {used} used, its claims add up to {claimed}, acknowledged were {expected}.");
            }
            if (used > (usage?.Capacity ?? 0))
            {
                disagreements.Add($"{key.Item1} {key.Item2}: {used} used of {usage?.Capacity ?? 0}.");
            }
        }
    }

    private static Dictionary<(string NodeId, string Class), long> Sum(IEnumerable<(string NodeId, string Class, long Amount)> amounts) =>
        amounts.GroupBy(entry => (entry.NodeId, entry.Class)).ToDictionary(group => group.Key, group => group.Sum(entry => entry.Amount));
}
