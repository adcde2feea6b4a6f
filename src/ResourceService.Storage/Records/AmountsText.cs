using System.Collections.Concurrent;
using System.Text.Json;
using ResourceService.Ledger;

namespace ResourceService.Storage.Records;

/// <summary>
/// Reads amounts as the store keeps them: the JSON object of <see cref="ResourceAmounts.ToString"/>, which SQL can read with <c>json_each</c>.
/// </summary>
internal static class AmountsText
{
    // Texts repeat as instances' sizes do; one that is not kept is read again.
    private const int KnownMax = 16_384;

    private static readonly ConcurrentDictionary<string, ResourceAmounts> _known = new(StringComparer.Ordinal);
    private static int _knownCount;

    public static ResourceAmounts Read(string text)
    {
        if (_known.TryGetValue(text, out var known))
            return known;

        var amounts = new List<ResourceAmount>();
        using var document = JsonDocument.Parse(text);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            if (!ResourceClass.TryParse(property.Name, out var resourceClass))
                throw new InvalidDataException($"The store names the resource class '{property.Name}', which is no resource class.");
            amounts.Add(new ResourceAmount(resourceClass, property.Value.GetInt64()));
        }

        var read = ResourceAmounts.From(amounts);
        // Counted apart: the dictionary's own count locks all of it.
        if (Volatile.Read(ref _knownCount) < KnownMax && Interlocked.Increment(ref _knownCount) <= KnownMax)
            _known.TryAdd(text, read);
        return read;
    }
}
