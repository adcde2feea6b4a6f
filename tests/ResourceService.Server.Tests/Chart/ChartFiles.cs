using System.Text.Json;
using Json.Schema;

namespace ResourceService.Server.Tests.Chart;

/// <summary>The files of the chart, and the tables of these tests.</summary>
internal static class ChartFiles
{
    private static readonly JsonSchema _schema = JsonSchema.FromText(Read("values.schema.json"));
    private static readonly EvaluationOptions _everyError = new() { OutputFormat = OutputFormat.List };

    /// <summary>Where they are.</summary>
    public static string Folder => Path.GetFullPath(Path.Combine(ServiceProcess.ProtosPath, "../charts/resource-service"));

    /// <summary>The values as they are unless a user says otherwise.</summary>
    public static Dictionary<string, object?> Defaults { get; } = YamlText.Mapping(Read("values.yaml"));

    /// <summary>Every value with another one, and what else must be given for it to count.</summary>
    public static IReadOnlyList<ChangedValue> ChangedValues =>
    [
        .. from entry in (List<object?>)YamlText.Documents(Table("ChangedValues.yaml")).Single()
           let given = (Dictionary<string, object?>)ChartValues.At(entry, "given")!
           let isRefused = ChartValues.At(entry, "isRefused") is true
           from change in (Dictionary<string, object?>)ChartValues.At(entry, "changes")!
           select new ChangedValue(change.Key, change.Value, given, isRefused),
    ];

    /// <summary>A file's text.</summary>
    public static string Read(string file) => File.ReadAllText(Path.Combine(Folder, file));

    /// <summary>A table beside the tests.</summary>
    public static string Table(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Chart", file));

    /// <summary>The chart's values with others over them.</summary>
    public static Dictionary<string, object?> DefaultsWith(Dictionary<string, object?> over) => ChartValues.Overlaid(Defaults, over);

    /// <summary>What the schema finds wrong with values; nothing when they are right.</summary>
    public static IReadOnlyList<string> SchemaErrors(Dictionary<string, object?> values)
    {
        var results = _schema.Evaluate(JsonSerializer.SerializeToElement(values), _everyError);
        // Not every rule has words of its own.
        return results.IsValid
            ? []
            : [.. from detail in results.Details ?? []
                  from error in detail.Errors ?? new Dictionary<string, string>()
                  select $"{detail.InstanceLocation}: {error.Value}",
               "The values are not valid."];
    }
}

/// <summary>A value that was changed.</summary>
/// <param name="Path">Where it stands.</param>
/// <param name="Value">What it is now.</param>
/// <param name="Given">What else must be given for it to count.</param>
/// <param name="IsRefused">Whether the chart refuses what is given without the change.</param>
internal sealed record ChangedValue(string Path, object? Value, Dictionary<string, object?> Given, bool IsRefused)
{
    /// <summary>All that is given.</summary>
    public Dictionary<string, object?> Changed => ChartValues.With(Given, Path, Value);
}
