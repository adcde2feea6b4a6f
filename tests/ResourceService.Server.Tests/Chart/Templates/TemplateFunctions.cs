using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ResourceService.Server.Tests.Chart.Templates;

/// <summary>The functions that the chart's templates use, as Go, Sprig and Helm define them.</summary>
internal sealed class TemplateFunctions
{
    // From here on Go writes a number as 1e+06, which is no whole number in YAML.
    private const double PlainNumberEnd = 1_000_000;

    private readonly Dictionary<string, Func<object?[], object?>> _functions;

    /// <summary>The functions.</summary>
    /// <param name="render">Renders another template.</param>
    /// <param name="renderText">Renders a text that is a template.</param>
    public TemplateFunctions(Func<string, object?, string> render, Func<string, object?, string> renderText) => _functions = new(StringComparer.Ordinal)
    {
        ["include"] = arguments => render(Text(arguments[0]), arguments[1]),
        ["tpl"] = arguments => renderText(Text(arguments[0]), arguments[1]),
        ["fail"] = arguments => throw new TemplateException(Text(arguments[0])),
        ["toYaml"] = arguments => ToYaml(arguments[0]),
        ["fromYamlArray"] = arguments => YamlText.Documents(Text(arguments[0])).Single(),
        ["and"] = arguments => arguments.FirstOrDefault(value => !IsTrue(value), arguments[^1]),
        ["or"] = arguments => arguments.FirstOrDefault(IsTrue, arguments[^1]),
        ["not"] = arguments => !IsTrue(arguments[0]),
        ["eq"] = arguments => Equals(arguments[0], arguments[1]),
        ["ne"] = arguments => !Equals(arguments[0], arguments[1]),
        ["le"] = arguments => (long)arguments[0]! <= (long)arguments[1]!,
        ["int64"] = arguments => Convert.ToInt64(arguments[0]),
        ["len"] = arguments => (long)((IReadOnlyList<object?>)arguments[0]!).Count,
        ["kindIs"] = arguments => Text(arguments[0]) == "string" ? arguments[1] is string : throw new TemplateException("kindIs knows texts alone here."),
        ["toString"] = arguments => Written(arguments[0]),
        ["list"] = arguments => arguments.ToList(),
        ["has"] = arguments => ((IReadOnlyList<object?>)arguments[1]!).Contains(arguments[0]),
        ["dict"] = arguments => arguments.Chunk(2).ToDictionary(pair => Text(pair[0]), pair => pair[1], StringComparer.Ordinal),
        ["hasKey"] = arguments => ((IReadOnlyDictionary<string, object?>)arguments[0]!).ContainsKey(Text(arguments[1])),
        ["merge"] = arguments => arguments.SelectMany(fields => (IReadOnlyDictionary<string, object?>)fields!)
            .DistinctBy(field => field.Key).ToDictionary(StringComparer.Ordinal),
        ["concat"] = arguments => arguments.SelectMany(list => (IReadOnlyList<object?>)list!).ToList(),
        ["compact"] = arguments => ((IReadOnlyList<object?>)arguments[0]!).Where(IsTrue).ToList(),
        ["join"] = arguments => string.Join(Text(arguments[0]), (IReadOnlyList<object?>)arguments[1]!),
        ["default"] = arguments => IsTrue(arguments[1]) ? arguments[1] : arguments[0],
        ["ternary"] = arguments => IsTrue(arguments[2]) ? arguments[0] : arguments[1],
        ["print"] = arguments => string.Concat(arguments.Select(Written)),
        ["printf"] = arguments => arguments.Skip(1).Aggregate(Text(arguments[0]), ReplaceFirstPlace),
        ["quote"] = arguments => $"\"{Written(arguments[0]).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        ["lower"] = arguments => Text(arguments[0]).ToLowerInvariant(),
        ["trim"] = arguments => Text(arguments[0]).Trim(),
        ["trunc"] = arguments => Text(arguments[1]) is var text && text.Length > (long)arguments[0]! ? text[..(int)(long)arguments[0]!] : text,
        ["trimPrefix"] = arguments => Text(arguments[1]) is var text && text.StartsWith(Text(arguments[0]), StringComparison.Ordinal)
            ? text[Text(arguments[0]).Length..] : text,
        ["trimSuffix"] = arguments => Text(arguments[1]) is var text && text.EndsWith(Text(arguments[0]), StringComparison.Ordinal)
            ? text[..^Text(arguments[0]).Length] : text,
        ["hasPrefix"] = arguments => Text(arguments[1]).StartsWith(Text(arguments[0]), StringComparison.Ordinal),
        ["contains"] = arguments => Text(arguments[1]).Contains(Text(arguments[0]), StringComparison.Ordinal),
        ["replace"] = arguments => Text(arguments[2]).Replace(Text(arguments[0]), Text(arguments[1]), StringComparison.Ordinal),
        ["nindent"] = arguments => "\n" + Indented((int)(long)arguments[0]!, Text(arguments[1])),
        ["sha256sum"] = arguments => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text(arguments[0])))),
        ["regexMatch"] = arguments => Regex.IsMatch(Text(arguments[1]), Text(arguments[0]), RegexOptions.None, TimeSpan.FromSeconds(1)),
        ["regexFind"] = arguments => Regex.Match(Text(arguments[1]), Text(arguments[0]), RegexOptions.None, TimeSpan.FromSeconds(1)).Value,
        ["urlParse"] = arguments => UrlParts(Text(arguments[0])),
    };

    /// <summary>Calls a function.</summary>
    public object? Call(string name, object?[] arguments) =>
        _functions.TryGetValue(name, out var function)
            ? function(arguments)
            : throw new TemplateException($"There is no function {name} here.");

    /// <summary>Whether a condition holds: anything but false, zero and what is empty.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or false or 0L or 0d or "" => false,
        IReadOnlyDictionary<string, object?> fields => fields.Count > 0,
        IReadOnlyList<object?> items => items.Count > 0,
        _ => true,
    };

    /// <summary>A value as it is written into the text.</summary>
    public static string Written(object? value) => value switch
    {
        null => "",
        string text => text,
        bool truth => truth ? "true" : "false",
        // Numbers are floating-point numbers as they come from the values, and whole ones once they went through int64.
        long whole => whole.ToString(),
        double number when Math.Abs(number) < PlainNumberEnd => number.ToString(),
        double number => throw new TemplateException($"{number} would be written as a floating-point number; it needs int64."),
        _ => throw new TemplateException($"A {value.GetType().Name} cannot be written; it needs toYaml."),
    };

    private static string Text(object? value) => value as string ?? throw new TemplateException($"'{value}' is no text.");

    private static string Indented(int spaces, string text) =>
        string.Join('\n', text.Split('\n').Select(line => new string(' ', spaces) + line));

    private static string ReplaceFirstPlace(string format, object? argument)
    {
        var place = format.IndexOf("%s", StringComparison.Ordinal);
        return place >= 0
            ? format[..place] + Text(argument) + format[(place + 2)..]
            : throw new TemplateException($"'{format}' has fewer places than arguments.");
    }

    private static Dictionary<string, object?> UrlParts(string text)
    {
        var url = new Uri(text);
        // As it was written: .NET leaves the scheme's own port away.
        var authority = text[(url.Scheme.Length + "://".Length)..].Split('/')[0];
        return new(StringComparer.Ordinal) { ["scheme"] = url.Scheme, ["host"] = authority };
    }

    // One level in lines, so that the template may add more beside them; what is deeper as JSON, which is YAML too.
    private static string ToYaml(object? value) => value switch
    {
        IReadOnlyDictionary<string, object?> { Count: > 0 } fields =>
            string.Join('\n', fields.Select(field => $"{JsonSerializer.Serialize(field.Key)}: {JsonSerializer.Serialize(field.Value)}")),
        IReadOnlyList<object?> { Count: > 0 } items => string.Join('\n', items.Select(item => $"- {JsonSerializer.Serialize(item)}")),
        _ => JsonSerializer.Serialize(value),
    };
}
