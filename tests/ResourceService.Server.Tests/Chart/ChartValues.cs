namespace ResourceService.Server.Tests.Chart;

/// <summary>Values of the chart: mappings within mappings. None of the methods changes what it is given.</summary>
internal static class ChartValues
{
    /// <summary>The paths of all values in use: what is no mapping, or an empty one.</summary>
    public static IEnumerable<string> Leaves(Dictionary<string, object?> values, string above = "") =>
        from pair in values
        from path in pair.Value is Dictionary<string, object?> { Count: > 0 } fields ? Leaves(fields, $"{above}{pair.Key}.") : [$"{above}{pair.Key}"]
        select path;

    /// <summary>The paths of all mappings that have something in them, the whole included.</summary>
    public static IEnumerable<string> Mappings(Dictionary<string, object?> values, string above = "") =>
        from pair in values
        where pair.Value is Dictionary<string, object?> { Count: > 0 }
        let path = $"{above}{pair.Key}"
        from mapping in Mappings((Dictionary<string, object?>)pair.Value!, $"{path}.").Prepend(path)
        select mapping;

    /// <summary>What stands at a path; null when nothing does.</summary>
    public static object? At(object? values, string path) => path.Split('.').Aggregate(
        values, (value, name) => value is Dictionary<string, object?> fields ? fields.GetValueOrDefault(name) : null);

    /// <summary>Values with another one at a path.</summary>
    public static Dictionary<string, object?> With(Dictionary<string, object?> values, string path, object? value)
    {
        var names = path.Split('.', 2);
        var inner = names.Length == 1 ? value : With(values.GetValueOrDefault(names[0]) as Dictionary<string, object?> ?? [], names[1], value);
        return new(values, StringComparer.Ordinal) { [names[0]] = inner };
    }

    /// <summary>Values with others over them, as Helm lays a user's over the chart's: mappings are merged, all else is replaced.</summary>
    public static Dictionary<string, object?> Overlaid(Dictionary<string, object?> values, Dictionary<string, object?> over)
    {
        var result = new Dictionary<string, object?>(values, StringComparer.Ordinal);
        foreach (var (name, value) in over)
        {
            result[name] = value is Dictionary<string, object?> fields && values.GetValueOrDefault(name) is Dictionary<string, object?> below
                ? Overlaid(below, fields)
                : value;
        }

        return result;
    }
}
