using ResourceService.Server.Tests.Chart.Templates;

namespace ResourceService.Server.Tests.Chart;

/// <summary>What the chart makes of values: the release <c>demo</c> in the namespace <c>apps</c>.</summary>
internal sealed class RenderedChart
{
    public const string Release = "demo";
    public const string Namespace = "apps";

    private const string Prefix = "resource-service/";

    private static readonly string[] _files = [.. Directory.EnumerateFiles(Path.Combine(ChartFiles.Folder, "templates"), "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(ChartFiles.Folder, file)).Order(StringComparer.Ordinal)];

    private static readonly TemplateSet _templates = ReadTemplates();
    private static readonly Dictionary<string, object?> _chart = YamlText.Mapping(ChartFiles.Read("Chart.yaml"));

    private RenderedChart(IReadOnlyDictionary<string, string> texts)
    {
        Texts = texts;
        Objects = [.. texts.Where(text => !text.Key.EndsWith(".txt", StringComparison.Ordinal)).SelectMany(text => YamlText.Documents(text.Value))];
    }

    /// <summary>The texts by file.</summary>
    public IReadOnlyDictionary<string, string> Texts { get; }

    /// <summary>The objects for the cluster.</summary>
    public IReadOnlyList<object> Objects { get; }

    /// <summary>What is printed after an installation.</summary>
    public string Notes => Texts["templates/NOTES.txt"];

    /// <summary>The environment that the service gets from the chart's settings.</summary>
    public IReadOnlyDictionary<string, string> Settings =>
        ((Dictionary<string, object?>)ChartValues.At(One("ConfigMap"), "data")!).ToDictionary(pair => pair.Key, pair => (string)pair.Value!);

    /// <summary>What the service gets as a file, which it looks at while it runs.</summary>
    public string SettingsFile => Of("ConfigMap").Select(map => ChartValues.At(map, "data")).OfType<Dictionary<string, object?>>()
        .Select(data => data.GetValueOrDefault("settings.json")).OfType<string>().Single();

    /// <summary>The pod of the service, and those of <c>helm test</c> and of backups where there are some.</summary>
    public IEnumerable<object> Pods =>
    [
        Pod,
        .. Of("Pod").Select(pod => ChartValues.At(pod, "spec")!),
        .. Of("CronJob").Select(job => ChartValues.At(job, "spec.jobTemplate.spec.template.spec")!),
    ];

    /// <summary>The pod of the service.</summary>
    public object Pod => ChartValues.At(One("StatefulSet"), "spec.template.spec")!;

    /// <summary>Renders the chart's values with others over them; throws when the chart refuses them.</summary>
    public static RenderedChart Of(Dictionary<string, object?> over)
    {
        var values = ChartFiles.DefaultsWith(over);
        var templates = _templates.Copy();
        return new RenderedChart(_files
            .Where(file => !Path.GetFileName(file).StartsWith('_'))
            .ToDictionary(file => file, file => templates.Render(Prefix + file, Root(_chart, values)), StringComparer.Ordinal));
    }

    /// <summary>The objects of a kind.</summary>
    public IEnumerable<object> Of(string kind) => Objects.Where(item => (string?)ChartValues.At(item, "kind") == kind);

    /// <summary>The first object of a kind by name; ends the test when there is none.</summary>
    public object One(string kind) => Of(kind).MinBy(item => ((string)ChartValues.At(item, "metadata.name")!).Length)
        ?? throw new InvalidOperationException($"The chart made no {kind}.");

    private static TemplateSet ReadTemplates()
    {
        var templates = new TemplateSet();
        foreach (var file in _files)
            templates.Add(Prefix + file, ChartFiles.Read(file));
        return templates;
    }

    private static Dictionary<string, object?> Root(Dictionary<string, object?> chart, Dictionary<string, object?> values) => new(StringComparer.Ordinal)
    {
        ["Values"] = values,
        ["Chart"] = new Dictionary<string, object?> { ["Name"] = chart["name"], ["Version"] = chart["version"], ["AppVersion"] = chart["appVersion"] },
        ["Release"] = new Dictionary<string, object?> { ["Name"] = Release, ["Namespace"] = Namespace, ["Service"] = "Helm" },
        ["Template"] = new Dictionary<string, object?> { ["BasePath"] = $"{Prefix}templates" },
        ["Files"] = new Dictionary<string, object?> { ["Get"] = new Func<string, string>(ChartFiles.Read) },
    };
}
