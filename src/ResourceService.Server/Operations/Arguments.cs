using ResourceService.Storage;

namespace ResourceService.Server.Operations;

/// <summary>The program's arguments: a command with its options, or none, and settings. Nothing is passed over that means nothing.</summary>
internal static class Arguments
{
    private static readonly string[] _help = ["--help", "-h", "-?", "/?", "help"];

    /// <summary>Whether they ask what the program does.</summary>
    public static bool AskForHelp(string[] args) => args.Intersect(_help, StringComparer.OrdinalIgnoreCase).Any();

    /// <summary>Whether they ask which version of the program this is.</summary>
    public static bool AskForVersion(string[] args) => args is ["--version"];

    /// <summary>Whether they begin with a command's name, or with a word that could only be meant for one.</summary>
    public static bool NameACommand(string[] args) => args is [{ Length: > 0 } first, ..] && first[0] is not ('-' or '/') && !first.Contains('=');

    /// <summary>Throws when there are some that the configuration would pass over in silence.</summary>
    public static void Check(IReadOnlyList<string> args)
    {
        if (Read(args).Where(argument => argument.Value is null).Select(argument => argument.Text).ToList() is { Count: > 0 } wrong)
            throw new StoreException($"The arguments are wrong: {string.Join("; ", wrong.Select(text => $"'{text}' is no setting of the form --name=value"))}.");
    }

    /// <summary>
    /// Takes them apart as the configuration does: <c>--name=value</c> or <c>--name value</c>. What is neither has no value: the configuration would
    /// pass over it, or take the next argument's name for its value.
    /// </summary>
    public static IEnumerable<(string Text, string Name, string? Value)> Read(IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            var text = args[i];
            var name = text.StartsWith("--", StringComparison.Ordinal) ? text[2..] : text.StartsWith('/') ? text[1..] : null;
            var place = text.IndexOf('=', StringComparison.Ordinal);
            if (place > 0)
                yield return (text, (name ?? text).Split('=')[0], text[(place + 1)..]);
            else if (name is null || i + 1 == args.Count || args[i + 1].StartsWith("--", StringComparison.Ordinal))
                yield return (text, name ?? text, null);
            else
                yield return (text, name, args[++i]);
        }
    }
}
