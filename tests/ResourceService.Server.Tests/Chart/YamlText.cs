using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ResourceService.Server.Tests.Chart;

/// <summary>YAML as Helm and Kubernetes read it: mappings without doubled keys, lists, texts, truth values, and numbers of one kind.</summary>
internal static class YamlText
{
    /// <summary>The documents of a text; those that are empty are left out.</summary>
    public static IReadOnlyList<object> Documents(string text) =>
        [.. Load(text).Documents.Select(document => Value(document.RootNode)).OfType<object>()];

    /// <summary>The one document of a text.</summary>
    public static Dictionary<string, object?> Mapping(string text) => (Dictionary<string, object?>)Documents(text).Single();

    /// <summary>The documents with where their parts stand.</summary>
    public static YamlStream Load(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream;
    }

    /// <summary>What a part of a document says.</summary>
    public static object? Value(YamlNode node) => node switch
    {
        YamlMappingNode mapping => mapping.Children.ToDictionary(pair => ((YamlScalarNode)pair.Key).Value!, pair => Value(pair.Value), StringComparer.Ordinal),
        YamlSequenceNode sequence => sequence.Children.Select(Value).ToList(),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value!),
        YamlScalarNode scalar => scalar.Value,
        _ => throw new InvalidOperationException($"{node.NodeType} is not expected."),
    };

    private static object? Plain(string text) => text switch
    {
        "" or "null" or "~" => null,
        "true" => true,
        "false" => false,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : text,
    };
}
