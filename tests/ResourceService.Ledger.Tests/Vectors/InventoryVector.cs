using System.Text.Json;
using System.Text.Json.Serialization;
using ResourceService.Testing;

namespace ResourceService.Ledger.Tests.Vectors;

/// <summary>One recorded life of Placement's inventories: what was asked, and what Placement did. Named as in the vectors' format.</summary>
internal sealed record InventoryVector(string Id, VectorInput Input, VectorExpectation Expected)
{
    private static readonly JsonSerializerOptions _options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The vectors; null when there are none.</summary>
    public static IReadOnlyList<InventoryVector>? TryLoad() => VectorFiles.TryFind("inventory.jsonl") is { } file
        ? [.. File.ReadLines(file).Select(line => JsonSerializer.Deserialize<InventoryVector>(line, _options)!)]
        : null;
}

internal sealed record VectorInput(IReadOnlyList<VectorProvider> Providers, IReadOnlyList<VectorStep> Steps);

internal sealed record VectorProvider(string Name, Dictionary<string, VectorInventory> Inventories);

internal sealed record VectorInventory(
    long Total, long Reserved, long MinUnit, long MaxUnit, long StepSize, double AllocationRatio);

/// <summary>A step of any operation; <see cref="Op"/> says which parts are there.</summary>
internal sealed record VectorStep(
    string Op, string Consumer, Dictionary<string, Dictionary<string, long>> Allocations,
    [property: JsonPropertyName("consumers")] IReadOnlyList<VectorAllocation> Many, string Provider, long ProviderGeneration,
    Dictionary<string, VectorInventory> Inventories)
{
    /// <summary>What each consumer shall hold afterwards, instead of all it holds.</summary>
    public IReadOnlyList<VectorAllocation> Replacements => Op switch
    {
        "allocate" => [new VectorAllocation(Consumer, Allocations)],
        "allocate_many" => Many,
        _ => [],
    };
}

internal sealed record VectorAllocation(string Consumer, Dictionary<string, Dictionary<string, long>> Allocations);

internal sealed record VectorExpectation(IReadOnlyList<VectorOutcome> Steps);

internal sealed record VectorOutcome(string Outcome, Dictionary<string, VectorProviderState> ProvidersAfter)
{
    public bool Accepted => Outcome == "accepted";
}

internal sealed record VectorProviderState(long Generation, Dictionary<string, long> Used);
