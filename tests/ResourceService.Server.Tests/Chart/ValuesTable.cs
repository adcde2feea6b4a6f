using System.Text.Encodings.Web;
using System.Text.Json;
using YamlDotNet.RepresentationModel;

namespace ResourceService.Server.Tests.Chart;

/// <summary>The values of the chart as a table: what <c>values.yaml</c> says of each, in its order.</summary>
internal static class ValuesTable
{
    private static readonly JsonSerializerOptions _asItIs = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Makes it.</summary>
    public static string Of(string text)
    {
        var lines = text.Split('\n');
        var rows = Rows((YamlMappingNode)YamlText.Load(text).Documents.Single().RootNode, lines, "");
        return $"| value | default | meaning |\n|---|---|---|\n{string.Concat(rows.Select(row => $"{row}\n"))}";
    }

    // A mapping that is described as a whole is one row; any other is the rows of its values, below its own words if it has some.
    private static IEnumerable<string> Rows(YamlMappingNode mapping, string[] lines, string above)
    {
        foreach (var (key, value) in mapping.Children)
        {
            var (name, words) = ($"{above}{((YamlScalarNode)key).Value}", WordsAbove((int)key.Start.Line - 1, lines));
            if (value is YamlMappingNode inner && HasWordsInside(inner, lines))
            {
                if (words.Length > 0)
                    yield return $"| **`{name}`** | | {words} |";
                foreach (var row in Rows(inner, lines, $"{name}."))
                    yield return row;
            }
            else
            {
                yield return $"| `{name}` | `{Written(YamlText.Value(value))}` | {words} |";
            }
        }
    }

    private static bool HasWordsInside(YamlMappingNode mapping, string[] lines) => mapping.Children.Any(
        pair => WordsAbove((int)pair.Key.Start.Line - 1, lines).Length > 0 || (pair.Value is YamlMappingNode inner && HasWordsInside(inner, lines)));

    private static string WordsAbove(int line, string[] lines)
    {
        var words = new List<string>();
        for (var i = line - 1; i >= 0 && lines[i].TrimStart().StartsWith('#'); i--)
            words.Insert(0, lines[i].TrimStart()[1..].Trim());
        return string.Join(' ', words).Replace("|", "\\|", StringComparison.Ordinal);
    }

    private static string Written(object? value) => JsonSerializer.Serialize(value, _asItIs).Replace("|", "\\|", StringComparison.Ordinal);
}
