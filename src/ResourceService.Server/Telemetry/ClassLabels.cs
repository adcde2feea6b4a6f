using ResourceService.Ledger;

namespace ResourceService.Server.Telemetry;

/// <summary>
/// The labels of resource classes: standard classes by their names and the first custom ones that are met; all further ones share a label,
/// because anyone who registers a node can make classes up. Used by one thread at a time.
/// </summary>
internal sealed class ClassLabels
{
    /// <summary>The most labels there can be.</summary>
    public const int CountMax = StandardMax + CustomMax + 1;

    // More than there are standard classes.
    private const int StandardMax = 32;
    private const int CustomMax = 20;
    private const string Other = "other";

    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<string> _labels = [Other];
    private int _customCount;

    /// <summary>The labels in use, by place.</summary>
    public IReadOnlyList<string> Labels => _labels;

    /// <summary>The place of a class's label.</summary>
    public int PlaceOf(ResourceClass resourceClass)
    {
        if (_places.TryGetValue(resourceClass.Name, out var place))
            return place;
        if (!resourceClass.IsStandard && ++_customCount > CustomMax)
            return 0;
        place = _labels.Count;
        _labels.Add(resourceClass.Name);
        _places.Add(resourceClass.Name, place);
        return place;
    }
}
