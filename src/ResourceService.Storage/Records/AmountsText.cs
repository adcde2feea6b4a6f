using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using ResourceService.Ledger;

namespace ResourceService.Storage.Records;

/// <summary>
/// Amounts as the store keeps them: a JSON object, <c>{"MEMORY_MB":2048,"VCPU":2}</c>, which SQL can read with <c>json_each</c>. Instances come
/// in few sizes, so equal texts give one shared object: a million claims of one flavor hold one set of amounts.
/// </summary>
internal static class AmountsText
{
    // A store has few distinct sizes; one that does not simply shares less.
    private const int SharedMax = 16_384;

    private static readonly ConcurrentDictionary<string, ResourceAmounts> _shared = new(StringComparer.Ordinal);

    [ThreadStatic]
    private static StringBuilder? _builder;

    public static string Write(ResourceAmounts amounts)
    {
        if (amounts.Count == 0)
            return "{}";

        // Class names are letters, digits and '_': nothing to escape.
        var text = (_builder ??= new StringBuilder(128)).Clear();
        foreach (ref readonly var item in amounts.Span)
            text.Append(text.Length == 0 ? "{\"" : ",\"").Append(item.Class.Name).Append("\":").Append(item.Amount);
        return text.Append('}').ToString();
    }

    public static ResourceAmounts Read(string text)
    {
        if (_shared.TryGetValue(text, out var known))
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
        if (_shared.Count < SharedMax)
            _shared.TryAdd(text, read);
        return read;
    }
}
