using System.CommandLine;
using System.CommandLine.Parsing;

namespace ResourceService.Load.Commands;

/// <summary>An option whose value is an absolute http address.</summary>
internal static class UriOption
{
    public static Option<Uri?> Create(string name, string description, string? defaultValue = null) => new(name)
    {
        Description = description,
        HelpName = "URL",
        DefaultValueFactory = defaultValue is null ? null : _ => new Uri(defaultValue),
        CustomParser = Parse,
    };

    private static Uri? Parse(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && address.Scheme.StartsWith("http", StringComparison.Ordinal))
        {
            return address;
        }
        result.AddError($"'{result.Tokens[0].Value}' is not an address such as http://127.0.0.1:5080.");
        return null;
    }
}
