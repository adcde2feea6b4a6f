using ResourceService.Ledger;

namespace ResourceService.Server.History;

/// <summary>Gathers what VerifyLedger finds.</summary>
internal sealed class LedgerDifferences(V1.VerifyLedgerResponse response)
{
    // What is told of differences; the count goes on.
    private const int ToldMax = 1_000;

    /// <summary>Notes a difference.</summary>
    public void Add(
        NodeId node, V1.LedgerPart part, V1.LedgerLocation location, string resourceClass, long expected, long found, string detail)
    {
        response.DifferenceCount++;
        if (response.Differences.Count >= ToldMax)
            return;
        response.Differences.Add(new V1.LedgerDifference
        {
            NodeId = node.Value,
            Part = part,
            Location = location,
            ResourceClass = resourceClass,
            Expected = expected,
            Found = found,
            Detail = detail,
        });
    }

    /// <summary>Notes a claim that is wrong or missing somewhere.</summary>
    public void OfClaim(NodeId node, V1.LedgerLocation location, string detail) => Add(node, V1.LedgerPart.Claims, location, "", 1, 0, detail);

    /// <summary>Notes a move that is wrong or missing somewhere.</summary>
    public void OfMigration(NodeId node, V1.LedgerLocation location, string detail) => Add(node, V1.LedgerPart.Migrations, location, "", 1, 0, detail);

    /// <summary>Notes each class of which another amount is used than expected.</summary>
    public void OfUsage(NodeId node, V1.LedgerLocation location, ResourceAmounts found, ResourceAmounts expected, string what)
    {
        foreach (var resourceClass in found.Concat(expected).Select(item => item.Class).Distinct())
        {
            if (found.Of(resourceClass) != expected.Of(resourceClass))
                Add(node, V1.LedgerPart.Usage, location, resourceClass.Name, expected.Of(resourceClass), found.Of(resourceClass), what);
        }
    }
}
