using System.Text.Json;

namespace ResourceService.Server.Tests.Chart;

/// <summary>The alerts of a release with everything that has some, and what promtool is asked about them.</summary>
internal static class AlertTrials
{
    // With limits that are soon reached.
    private const string Values =
        """
        settings: {metrics: {port: 9464}, nodes: {nodesMax: 1000}, storage: {databaseSizeMaxMb: 1000}}
        serviceMonitor: {enabled: true}
        backup: {enabled: true}
        telemetry: {otlp: {endpoint: 'http://collector.observability:4317'}}
        prometheusRule: {enabled: true, limits: {backupHours: 2}}
        """;

    private static readonly Dictionary<string, string> _own = new(StringComparer.Ordinal)
    {
        ["namespace"] = RenderedChart.Namespace,
        ["job"] = $"{RenderedChart.Release}-resource-service-headless",
    };

    private static readonly Dictionary<string, string> _elsewhere = new(StringComparer.Ordinal) { ["namespace"] = "elsewhere", ["job"] = "other" };

    /// <summary>What the chart makes of them.</summary>
    public static object Spec { get; } = ChartValues.At(RenderedChart.Of(YamlText.Mapping(Values)).One("PrometheusRule"), "spec")!;

    /// <summary>The alerts.</summary>
    public static IReadOnlyList<object> Rules { get; } =
        [.. ((List<object?>)ChartValues.At(((List<object?>)ChartValues.At(Spec, "groups")!).Single(), "rules")!).Select(rule => rule!)];

    /// <summary>The table of what each is tried with.</summary>
    public static IReadOnlyList<object> Rows { get; } =
        [.. ((List<object?>)YamlText.Documents(ChartFiles.Table("Alerts.yaml")).Single()).Select(row => row!)];

    /// <summary>A rule's or a row's text.</summary>
    public static string Text(object item, string path) => (string)ChartValues.At(item, path)!;

    /// <summary>Writes the rules and the trials into a folder, as promtool reads them.</summary>
    public static async Task WriteAsync(string folder)
    {
        var tests = new { rule_files = new[] { "rules.json" }, evaluation_interval = "1m", tests = Rows.Select(Trial) };
        await File.WriteAllTextAsync(Path.Combine(folder, "rules.json"), JsonSerializer.Serialize(Spec));
        await File.WriteAllTextAsync(Path.Combine(folder, "tests.json"), JsonSerializer.Serialize(tests));
    }

    private static object Trial(object row)
    {
        var name = Text(row, "alert");
        var rule = Rules.Single(rule => Text(rule, "alert") == name);
        var fired = new
        {
            exp_labels = Labels(row, "own", _own).Concat(Labels(row, "labels", [])).Append(new("severity", Text(rule, "labels.severity"))).ToDictionary(),
            exp_annotations = new { summary = ChartValues.At(row, "summary") ?? Text(rule, "annotations.summary"), description = Text(row, "says") },
        };
        return new
        {
            interval = "1m",
            name,
            input_series = Series(row),
            alert_rule_test = new[] { At("1m"), At(Text(row, "fires"), fired), At(Text(row, "over")) },
        };

        object At(string time, params object[] alerts) => new { eval_time = time, alertname = name, exp_alerts = alerts };
    }

    // Each series twice: of this release, and of another.
    private static IEnumerable<object> Series(object row) =>
        from series in (Dictionary<string, object?>)ChartValues.At(row, "series")!
        from labels in new[] { _own, _elsewhere }
        let values = labels == _own ? series.Value : ChartValues.At(row, "elsewhere") ?? series.Value
        let text = string.Join(", ", labels.Select(label => $"{label.Key}=\"{label.Value}\""))
        group new { series = series.Key.Replace("{S", $"{{{text}", StringComparison.Ordinal), values }
            by series.Key.Replace("{S", $"{{{text}", StringComparison.Ordinal) into same
        select same.First();

    private static Dictionary<string, string> Labels(object row, string name, Dictionary<string, string> otherwise) =>
        ChartValues.At(row, name) is Dictionary<string, object?> labels ? labels.ToDictionary(label => label.Key, label => (string)label.Value!) : otherwise;
}
