using System.CommandLine;
using System.CommandLine.Parsing;

namespace ResourceService.Load.Commands;

/// <summary>An option with several values separated by commas, for example 1,16,64; "none" is the empty list.</summary>
internal static class CommaList
{
    public static Option<T[]> Create<T>(string name, string description, string defaultValues)
        where T : ISpanParsable<T> => Create(name, description, defaultValues, static text => (T.TryParse(text, null, out var value), value!));

    public static Option<T[]> CreateNames<T>(string name, string description, string defaultValues)
        where T : struct, Enum => Create(name, description, defaultValues, static text => (Enum.TryParse<T>(text, ignoreCase: true, out var value), value));

    private static Option<T[]> Create<T>(string name, string description, string defaultValues, Func<string, (bool IsValid, T Value)> parse) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => [.. Split(defaultValues).Select(text => parse(text).Value)],
        CustomParser = result => Parse(result, parse),
        HelpName = "A,B,...",
    };

    private static T[] Parse<T>(ArgumentResult result, Func<string, (bool IsValid, T Value)> parse)
    {
        var values = new List<T>();
        foreach (var text in result.Tokens.SelectMany(token => Split(token.Value)))
        {
            var (isValid, value) = parse(text);
            if (!isValid)
            {
                result.AddError($"'{text}' is not a {typeof(T).Name}.");
            }
            values.Add(value);
        }
        return [.. values];
    }

    private static string[] Split(string text) =>
        text == "none" ? [] : text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
